using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Whiteouts: character devices 0:0, which anybody may make since 5.8. All of a mount are links of one inode in the work directory, and
/// of a new one when that has as many as its file system allows (ovl_whiteout). Its lock is held for one link(2).
/// </summary>
/// <param name="work">The work directory.</param>
internal sealed class Whiteout(WorkDirectory work)
{
    private const uint Mode = (uint)FileType.CharacterDevice;

    private readonly Lock _lock = new();
    private byte[]? _shared;

    /// <summary>
    /// Whether an entry of a layer is a whiteout: a device 0:0, or an empty file with xattr "whiteout" (ovl_path_is_whiteout). A listing looks
    /// for the second kind in directories with opaque=x only, a lookup everywhere.
    /// </summary>
    public static bool Is(OverlayXattr xattrs, Fd directory, Name name, in Statx stat) =>
        stat.IsWhiteout
        || (stat.Type == FileType.Regular && stat.Size == 0
            && Sys.GetXattrAt(directory, name, xattrs.Whiteout, default, out _) == Errno.None);

    /// <summary>Makes a whiteout where nothing is.</summary>
    public Errno Make(Fd directory, Name name)
    {
        lock (_lock)
        {
            if (_shared is not null)
            {
                Errno linked = Sys.LinkAt(work.Fd, new Name(_shared), directory, name);
                if (linked is not (Errno.EMLINK or Errno.ENOENT or Errno.EPERM or Errno.EOPNOTSUPP))
                    return linked;
                _ = Sys.UnlinkAt(work.Fd, new Name(_shared)); // its links live on
                _shared = null;
                if (linked is Errno.EPERM or Errno.EOPNOTSUPP)
                    return New(directory, name); // a file system without hard links
            }
            byte[] shared = work.NextName();
            if (New(work.Fd, new Name(shared)) is not Errno.None and var error)
                return error;
            _shared = shared;
            return Sys.LinkAt(work.Fd, new Name(shared), directory, name);
        }
    }

    private static Errno New(Fd directory, Name name)
    {
        if (CallerIds.AssumeMounter() is not Errno.None and var error)
            return error;
        return Sys.MkNodAt(directory, name, Mode, 0);
    }
}
