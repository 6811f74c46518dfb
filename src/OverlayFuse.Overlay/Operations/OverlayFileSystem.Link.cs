using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>LINK and READLINK.</summary>
public sealed partial class OverlayFileSystem
{
    /// <inheritdoc/>
    public Errno Link(in FuseRequest request, in LinkIn input, Name newName, out EntryOut entry)
    {
        entry = default;
        if (_view.Inodes[request.Node] is not { } parent || _view.Inodes[input.OldNode] is not { } inode)
            return Errno.ESTALE;
        if (newName.Length > Limits.NameMax)
            return Errno.ENAMETOOLONG;
        if (_view.UpperForm.IsReserved(newName))
            return Errno.EINVAL;
        if (_protections.RequireUnprotected(parent, Protection.Immutable) is not Errno.None and var shut)
            return shut;
        if (_protections.RequireUnprotected(inode, Protection.Any) is not Errno.None and var kept)
            return kept;
        if (_upper.Ensure(request, inode, CopyUp.NoData) is not Errno.None and var error)
            return error;
        if (_upper.BorrowDirectory(request, parent, out BorrowedFd upper) is not Errno.None and var refused)
            return refused;
        using (upper)
        {
            if (_view.Files.Open(inode, OpenFlags.Path | OpenFlags.NoFollow, out Fd opened) is not Errno.None and var lost)
                return lost;
            using var source = new ScopedFd(opened);
            using (new NamesChange(parent))
            {
                if (inode.Data is not null && InodePath.SetRedirect(inode, _view.Redirect, source, Name.Empty, absolute: true) is not Errno.None and var unmarked)
                    return unmarked; // the data are found by their old name (ovl_set_link_redirect)
                if (_view.Files.Statx(inode, source, Name.Empty, out Statx before) is not Errno.None and var unseen)
                    return unseen;
                if (LinkInUpper(inode, source, parent, upper, newName) is not Errno.None and var failed)
                    return failed;
                bool seen = _view.Files.Statx(inode, source, Name.Empty, out Statx stat) == Errno.None;
                _view.Inodes.Link(inode, parent, newName);
                OpenDescriptors.Unpin(inode);
                entry = ToEntry(inode, seen ? stat : before);
                if (!seen)
                    entry.AttrValid = entry.AttrValidNsec = 0; // the link is there: the kernel shall ask again
                return Errno.None;
            }
        }
    }

    /// <inheritdoc/>
    public Errno ReadLink(in FuseRequest request, Span<byte> target, out int length)
    {
        length = 0;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (_view.Files.Locate(inode, out FoundFile real) is not Errno.None and var error)
            return error;
        using (real)
            return Ownership.ReadTarget(real.Directory, real.Name, target, out length);
    }

    private Errno LinkInUpper(Inode inode, Fd source, Inode parent, Fd upper, Name name)
    {
        if (inode.HasOrigin && _view.Impure.Set(parent, upper) is not Errno.None and var unmarked)
            return unmarked;
        Errno error = Sys.LinkFd(source, upper, name);
        if (error == Errno.None)
            return _view.UpperForm.Appeared(upper, ref parent.Directory!.UpperMarks, name);
        if (error != Errno.EEXIST)
            return error;
        if (_new.RequireWhiteout(upper, name) is not Errno.None and var taken)
            return taken;
        var entry = new WorkEntry(_view.Work!);
        try
        {
            error = Sys.LinkFd(source, entry.Directory, entry.Name);
            return error == Errno.None ? entry.MoveTo(upper, name) : error;
        }
        finally
        {
            entry.Dispose();
        }
    }
}
