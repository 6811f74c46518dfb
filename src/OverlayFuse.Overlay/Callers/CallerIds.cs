using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Callers;

/// <summary>
/// The owner of the files that this thread creates. New files belong to the caller from their first moment, whiteouts and copies to the
/// mounter. The rights are the mounter's in both cases (ovl_override_creds_init_inode). The ids of a thread stay as they are until a
/// request needs others.
/// </summary>
internal static class CallerIds
{
    private static readonly uint s_uid = Sys.EffectiveUid;
    private static readonly uint s_gid = Sys.EffectiveGid;

    [ThreadStatic]
    private static bool t_prepared;

    [ThreadStatic]
    private static uint t_uid;

    [ThreadStatic]
    private static uint t_gid;

    /// <summary>
    /// Files that this thread creates from now on belong to the caller of a request. An ordinary user's daemon serves that user only.
    /// </summary>
    /// <returns>EOVERFLOW for ids that the daemon's user namespace does not have.</returns>
    public static Errno Assume(in Caller caller)
    {
        if (caller.Uid == uint.MaxValue || caller.Gid == uint.MaxValue)
            return Errno.EOVERFLOW;
        return s_uid == 0 ? Set(caller.Uid, caller.Gid) : Errno.None;
    }

    /// <summary>Files that this thread creates from now on belong to the mounter.</summary>
    public static Errno AssumeMounter() => s_uid == 0 ? Set(s_uid, s_gid) : Errno.None;

    private static Errno Set(uint uid, uint gid)
    {
        if (!t_prepared)
        {
            Errno error;
            if ((error = Sys.KeepCapabilitiesOverFsUid()) != Errno.None)
                return error;
            t_prepared = true;
            (t_uid, t_gid) = (s_uid, s_gid);
        }
        if (t_uid == uid && t_gid == gid)
            return Errno.None;
        bool taken = Sys.SetFsIds(uid, gid) == Errno.None;
        // After an error the ids may be half changed. The next request sets them again.
        (t_uid, t_gid) = taken ? (uid, gid) : (uint.MaxValue, uint.MaxValue);
        return taken ? Errno.None : Errno.EOVERFLOW;
    }
}
