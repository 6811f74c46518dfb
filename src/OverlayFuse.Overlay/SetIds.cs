using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Set-uid and set-gid on changes: what HANDLE_KILLPRIV_V2 leaves to the daemon. security.capability goes by itself: the real file system
/// drops it on every write and truncation.
/// </summary>
internal static class SetIds
{
    /// <summary>S_ISGID.</summary>
    public const uint SetGid = 0x400;

    private const uint SetUid = 0x800;
    private const uint GroupExecute = 0x8;

    /// <summary>
    /// The bits that a change by the caller takes from a file (setattr_should_drop_suidgid): set-uid always; set-gid where the group may
    /// execute, and else when the caller is not of that group.
    /// </summary>
    public static uint ToDrop(in FuseRequest request, in Statx stat)
    {
        uint dropped = stat.Permissions & SetUid;
        if ((stat.Permissions & SetGid) == 0)
            return dropped;
        bool stays = (stat.Permissions & GroupExecute) == 0 && CallerProcess.MayKeepSetGid(request, stat.Gid);
        return stays ? dropped : dropped | SetGid;
    }

    /// <summary>Takes them from a file that was just written or truncated.</summary>
    public static Errno Drop(in FuseRequest request, Fd file)
    {
        if (Sys.FStatx(file, out Statx stat) is not Errno.None and var error)
            return error;
        uint dropped = ToDrop(request, stat);
        return dropped == 0 ? Errno.None : Sys.FChModAt(file, Name.Empty, stat.Permissions & ~dropped);
    }

    /// <summary>chown(2) as the caller's: the kernel keeps a set-gid that does not execute for the mounter, who may do everything.</summary>
    public static Errno ChOwn(in FuseRequest request, in RealName real, uint uid, uint gid)
    {
        Statx stat = default;
        if (request.Caller.Uid != 0
            && Sys.StatxAt(real.Directory, real.Name, out stat) is not Errno.None and var error)
            return error;
        Errno refused = Sys.FChownAt(real.Directory, real.Name, uid, gid);
        uint dropped = refused != Errno.None || stat.IsDirectory ? 0 : ToDrop(request, stat);
        return dropped == 0 ? refused : Sys.FChModAt(real.Directory, real.Name, stat.Permissions & ~dropped);
    }
}
