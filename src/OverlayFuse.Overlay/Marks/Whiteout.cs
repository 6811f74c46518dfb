using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Whiteouts: character devices 0:0, which any user may create since Linux 5.8. The whiteouts of a mount are links of one inode in the work
/// directory. If that inode has as many links as its file system allows, a new one follows (ovl_whiteout). The lock guards the shared inode
/// and is held for one link(2).
/// </summary>
internal sealed class Whiteout(WorkDirectory work)
{
    private const uint Mode = (uint)FileType.CharacterDevice;

    private readonly Lock _lock = new();
    private byte[]? _shared;

    /// <summary>
    /// True if an entry of a layer is a whiteout: a device 0:0, or an empty file with xattr "whiteout" (ovl_path_is_whiteout). A lookup
    /// looks for the second kind everywhere, a listing only in directories with opaque=x.
    /// </summary>
    public static bool Is(OverlayXattr xattrs, Fd directory, Name name, in Statx stat) =>
        stat.IsWhiteout
        || (stat.Type == FileType.Regular && stat.Size == 0
            && Sys.GetXattrAt(directory, name, xattrs.Whiteout, default, out _) == Errno.None);

    /// <summary>Creates a whiteout under a name that does not exist.</summary>
    public Errno Make(Fd directory, Name name)
    {
        lock (_lock)
        {
            Errno error;
            if (_shared is not null)
            {
                error = Sys.LinkAt(work.Fd, new Name(_shared), directory, name);
                if (error is not (Errno.EMLINK or Errno.ENOENT or Errno.EPERM or Errno.EOPNOTSUPP))
                    return error;
                // Its links live on.
                _ = Sys.UnlinkAt(work.Fd, new Name(_shared));
                _shared = null;
                // A file system without hard links.
                if (error is Errno.EPERM or Errno.EOPNOTSUPP)
                    return New(directory, name);
            }
            byte[] shared = work.NextName();
            if ((error = New(work.Fd, new Name(shared))) != Errno.None)
                return error;
            _shared = shared;
            return Sys.LinkAt(work.Fd, new Name(shared), directory, name);
        }
    }

    private static Errno New(Fd directory, Name name)
    {
        Errno error;
        if ((error = CallerIds.AssumeMounter()) != Errno.None)
            return error;
        return Sys.MkNodAt(directory, name, Mode, 0);
    }
}
