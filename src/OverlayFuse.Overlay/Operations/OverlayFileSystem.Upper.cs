using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.Operations;

/// <summary>What several families of operations do to the upper layer.</summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>Copies up if need be.</summary>
    /// <returns>EROFS on a mount without an upper.</returns>
    private Errno EnsureUpper(in FuseRequest request, Inode inode, long dataLimit = long.MaxValue)
    {
        if (_copyUp is null)
            return Errno.EROFS;
        return CopyUp.Suffices(inode, dataLimit) ? Errno.None : _copyUp.Ensure(request, inode, dataLimit);
    }

    /// <summary>
    /// As <see cref="EnsureUpper"/>, but of a large file the copying may just have begun: for writing and changing attributes. Not where the
    /// kernel reads files itself: it can read one only.
    /// </summary>
    private Errno EnsureChangeable(in FuseRequest request, Inode inode, long dataLimit = long.MaxValue)
    {
        if (_copyUp is null || _backingFiles is not null)
            return EnsureUpper(request, inode, dataLimit);
        return CopyUp.Suffices(inode, dataLimit) ? Errno.None : _copyUp.EnsureChangeable(request, inode, dataLimit);
    }

    /// <summary>Waits for the whole copy of a file that is on its way up.</summary>
    private Errno FinishPartial(in FuseRequest request, Inode? inode) =>
        inode?.Partial is null ? Errno.None : _copyUp!.Ensure(request, inode, long.MaxValue);

    /// <summary>Copies a directory up if need be and borrows its upper descriptor: before the lock of its names is taken.</summary>
    private Errno EnsureUpperDirectory(in FuseRequest request, Inode directory, out BorrowedFd upper)
    {
        upper = default;
        if (EnsureUpper(request, directory) is not Errno.None and var error)
            return error;
        return _directories.BorrowUpper(directory, out upper);
    }

    internal ulong MapIno(in Statx stat) => _inos.Map(stat.Dev, stat.Ino);

    internal ulong MapIno(ulong dev, ulong ino) => _inos.Map(dev, ino);

    /// <summary>Notes on an upper directory that entries in it may have an origin (ovl_set_impure). Under the lock of its names.</summary>
    internal Errno MarkImpure(Inode directory, Fd upper)
    {
        if (IsImpure(directory, upper) && directory.Directory!.IsImpure == Known.Yes) // it also says so when it could not look
            return Errno.None;
        if (Sys.SetXattrAt(upper, Name.Empty, _xattrs.Impure, "y"u8) is not Errno.None and var error)
            return error;
        directory.Directory!.MarkImpure();
        return Errno.None;
    }

    /// <summary>
    /// Whether a lower layer shows this name in a directory: then its removal needs a whiteout (ovl_lower_positive). What cannot be looked at is
    /// taken to be there: a whiteout too many hides nothing.
    /// </summary>
    /// <param name="parent">The directory.</param>
    /// <param name="name">The name.</param>
    /// <param name="inUpper">Whether the upper layer has it too.</param>
    /// <param name="has">The answer.</param>
    /// <returns>EPERM for a lower file that chattr(1) protects.</returns>
    private Errno LowerHas(Inode parent, Name name, bool inUpper, out bool has)
    {
        var found = new Resolved(stackalloc ushort[OverlayOptions.MostLowers]);
        found.Reset();
        scoped var lookup = new LayerLookup(this, parent, name);
        Errno error = parent.Directory!.Lowers.Length == 0 ? Errno.None : lookup.LookInLowers(0, ref found);
        has = found.Exists || error != Errno.None;
        return error == Errno.None && has && !inUpper && _layers.ProtectionOf(found.Stat) != Protection.None ? Errno.EPERM : Errno.None; // may_delete
    }

    /// <summary>What stands under a name in an upper directory.</summary>
    private static Errno StatUpper(Fd upper, Name name, out Statx stat, out bool exists)
    {
        Errno error = Sys.StatxAt(upper, name, out stat);
        exists = error == Errno.None;
        return error == Errno.ENOENT ? Errno.None : error;
    }

    /// <summary>
    /// Holds an upper inode whose name is about to go, so that whoever has it open can go on. Under the lock of its names. Where the reserve is
    /// used up too, what nobody reads or writes is let go: its attributes can no longer be asked for.
    /// </summary>
    /// <returns>ENFILE where somebody may have it open, and the reserve is used up.</returns>
    private Errno Pin(Inode? inode, Fd upper, Name name)
    {
        if (inode is null || inode.Pinned is not null)
            return Errno.None;
        if (!_reserve.HasRoom)
            return inode.Type == FileType.Regular && (_isStateless || inode.Open is not null) ? Errno.ENFILE : Errno.None;
        if (Sys.OpenAt(upper, name, OpenFlags.Path | OpenFlags.NoFollow, out Fd opened) is not Errno.None and var error)
            return error;
        inode.Pinned = new SafeFd(opened);
        return Errno.None;
    }

    /// <summary>Lets go of <see cref="Pin"/>: the name did not go, or another is known.</summary>
    private static void Unpin(Inode inode)
    {
        if (inode.IsLeftBehind)
            return;
        SafeFd? pinned = inode.Pinned;
        inode.Pinned = null;
        pinned?.Release();
    }
}
