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
        Errno error = _protections.RequireUnprotected(parent, Protection.Immutable);
        if (error != Errno.None)
            return error;
        if ((error = _protections.RequireUnprotected(inode, Protection.Any)) != Errno.None)
            return error;
        if ((error = _upper.Ensure(request, inode, CopyUp.NoData)) != Errno.None)
            return error;
        if ((error = _upper.BorrowDirectory(request, parent, out BorrowedFd upper)) != Errno.None)
            return error;
        using (upper)
        {
            if ((error = _view.Files.Open(inode, OpenFlags.Path | OpenFlags.NoFollow, out Fd opened)) != Errno.None)
                return error;
            using var source = new ScopedFd(opened);
            using (new NamesChange(parent))
            {
                // A metacopy finds its data by their old name (ovl_set_link_redirect).
                if (inode.Data is not null
                    && (error = InodePath.SetRedirect(inode, _view.Redirect, source, Name.Empty, absolute: true)) != Errno.None)
                    return error;
                if ((error = _view.Files.Statx(inode, source, Name.Empty, out Statx before)) != Errno.None)
                    return error;
                if ((error = LinkInUpper(inode, source, parent, upper, newName)) != Errno.None)
                    return error;
                bool seen = _view.Files.Statx(inode, source, Name.Empty, out Statx stat) == Errno.None;
                _view.Inodes.Link(inode, parent, newName);
                OpenDescriptors.Unpin(inode);
                entry = _replies.ToEntry(inode, seen ? stat : before);
                // The link exists, so the call succeeds. The kernel asks for the attributes again.
                if (!seen)
                    entry.AttrValid = entry.AttrValidNsec = 0;
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
        Errno error = _view.Files.Locate(inode, out FoundFile real);
        if (error != Errno.None)
            return error;
        using (real)
            return Ownership.ReadTarget(real.Directory, real.Name, target, out length);
    }

    private Errno LinkInUpper(Inode inode, Fd source, Inode parent, Fd upper, Name name)
    {
        Errno error;
        if (inode.HasOrigin && (error = _view.Impure.Set(parent, upper)) != Errno.None)
            return error;
        error = Sys.LinkFd(source, upper, name);
        if (error == Errno.None)
            return _view.UpperForm.Appeared(upper, ref parent.Directory!.UpperMarks, name);
        if (error != Errno.EEXIST)
            return error;
        if ((error = _new.RequireWhiteout(upper, name)) != Errno.None)
            return error;
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
