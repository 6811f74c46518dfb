using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Callers;

/// <summary>
/// Whose files this thread makes. New files are the caller's from their first moment, whiteouts and copies the mounter's; the rights
/// are the mounter's in both cases (ovl_override_creds_init_inode). The ids stay as they are until a request needs others.
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

    /// <summary>What is created from here on belongs to the caller of a request.</summary>
    /// <returns>EOVERFLOW for ids that the daemon's user namespace does not know.</returns>
    public static Errno Assume(in Caller caller)
    {
        if (caller.Uid == uint.MaxValue || caller.Gid == uint.MaxValue)
            return Errno.EOVERFLOW;
        return s_uid == 0 ? Set(caller.Uid, caller.Gid) : Errno.None; // an ordinary user's daemon serves that user
    }

    /// <summary>What is created from here on belongs to the mounter.</summary>
    public static Errno AssumeMounter() => s_uid == 0 ? Set(s_uid, s_gid) : Errno.None;

    private static Errno Set(uint uid, uint gid)
    {
        if (!t_prepared)
        {
            if (Sys.KeepCapabilitiesOverFsUid() is not Errno.None and var error)
                return error;
            t_prepared = true;
            (t_uid, t_gid) = (s_uid, s_gid);
        }
        if (t_uid == uid && t_gid == gid)
            return Errno.None;
        bool taken = Sys.SetFsIds(uid, gid) == Errno.None;
        (t_uid, t_gid) = taken ? (uid, gid) : (uint.MaxValue, uint.MaxValue); // half changed: the next request sets them again
        return taken ? Errno.None : Errno.EOVERFLOW;
    }
}
