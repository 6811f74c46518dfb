using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// What has an entry in the index. Files with several lower links, with index=on: one inode for all names, of which each may be in the upper layer
/// or not yet. With nfs_export=on all else that is copied up, too.
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>
    /// Before a name of such a file goes: the count of those that are left is kept with its copy, so there must be one (ovl_nlink_start).
    /// </summary>
    private Errno PrepareRemoval(in FuseRequest request, Inode parent, Name name)
    {
        if (_view.Index is null)
            return Errno.None;
        Errno error = LookupEntry(parent, name, default, out _, out Inode inode);
        if (error != Errno.None)
            return error;
        error = _protections.RequireUnprotected(inode, Protection.Any);
        if (error == Errno.None)
            error = LinkUpIndexed(request, inode, parent, name);
        _view.Inodes.Forget(inode.Id, 1);
        return error;
    }

    /// <summary>Copies up what has an index entry, and links this name of it.</summary>
    private Errno LinkUpIndexed(in FuseRequest request, Inode inode, Inode parent, Name name)
    {
        if (inode.Index is null)
            return Errno.None;
        if (_upper.Ensure(request, inode, CopyUp.NoData) is not Errno.None and var error)
            return error;
        if (inode.IsDirectory)
            return Errno.None;
        if (_upper.Ensure(request, parent) is not Errno.None and var refused)
            return refused;
        return _indexed.LinkUp(inode, parent, name);
    }

    private Errno LinkUpIndexed(in FuseRequest request, in Renaming rename)
    {
        if (LinkUpIndexed(request, rename.Source, rename.OldParent, rename.OldName) is not Errno.None and var error)
            return error;
        return rename.Target is { } target ? LinkUpIndexed(request, target, rename.NewParent, rename.NewName) : Errno.None;
    }
}
