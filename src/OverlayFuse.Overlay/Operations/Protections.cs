using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// chattr +i and +a. The kernel's side of FUSE does not know S_IMMUTABLE and S_APPEND, so what the VFS refuses elsewhere is refused here, on the paths
/// that change something and before anything is copied up; what an inode has is read when the first of them asks.
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="access">Open files.</param>
internal sealed class Protections(MergedView view, FileAccessChoice access)
{
    /// <summary>What protects an inode: the xattr of its upper file, and the flags that its real file has.</summary>
    public Errno Of(Inode inode, out Protection protection)
    {
        protection = inode.Protection;
        if (protection != Protection.NotRead && !inode.IsLeftBehind)
            return Errno.None;
        if (ReadProtection(inode, out Protection read) is not Errno.None and var error)
            return error;
        Protection known = Interlocked.CompareExchange(ref inode.Protection, read, Protection.NotRead);
        protection = known == Protection.NotRead || inode.IsLeftBehind ? read : known; // set meanwhile; of what was left behind, through another inode
        return Errno.None;
    }

    private Errno ReadProtection(Inode inode, out Protection protection)
    {
        protection = Protection.None;
        while (true)
        {
            bool isUp = IsUp(inode);
            if (view.Files.Locate(inode, out FoundFile real) is not Errno.None and var error)
                return error;
            using (real)
            {
                if (isUp != IsUp(inode))
                    continue; // copied up meanwhile
                if (Sys.StatxAt(real.Directory, real.Name, out Statx stat, StatxMask.Type) is not Errno.None and var unseen)
                    return unseen == Errno.ENOENT ? Errno.ESTALE : unseen;
                error = isUp ? ProtectionXattr.Read(view.Xattrs, real.Directory, real.Name, out protection) : Errno.None;
                protection |= ProtectionXattr.OfRealFile(view.Layers, stat);
                return error;
            }
        }
    }

    /// <summary>Whether its real file is, or is going to be, one of the upper layer.</summary>
    private static bool IsUp(Inode inode) => inode.HasUpper || inode.Partial is not null;

    /// <returns>EPERM for an inode that has one of these flags.</returns>
    public Errno RequireUnprotected(Inode inode, Protection by)
    {
        if (by == Protection.None)
            return Errno.None;
        Errno error = Of(inode, out Protection protection);
        return error == Errno.None && (protection & by) != 0 ? Errno.EPERM : error;
    }

    /// <summary>As <see cref="RequireUnprotected(Inode, Protection)"/>, of what an upper directory has. Under the lock of its names.</summary>
    public Errno RequireUnprotected(Inode? inode, Fd upper, Name name)
    {
        Protection protection = inode?.Protection ?? Protection.NotRead;
        Errno error = Errno.None;
        if (protection == Protection.NotRead)
            error = ProtectionXattr.Read(view.Xattrs, upper, name, out protection); // the flags of the real file are for its own file system to tell
        return error == Errno.None && (protection & Protection.Any) != 0 ? Errno.EPERM : error;
    }

    /// <summary>A name may go from a directory: as may_delete, as far as is known before the name is looked for.</summary>
    public Errno RequireRemovable(Inode parent, Name name)
    {
        if (RequireUnprotected(parent, Protection.Any) is not Errno.None and var error)
            return error;
        bool isLower = !parent.HasUpper;
        return isLower && view.Inodes.OfName(parent, name) is { } inode ? RequireUnprotected(inode, Protection.Any) : Errno.None;
    }

    /// <summary>As may_delete and may_create, before a rename.</summary>
    public Errno RequireMovable(in Renaming rename)
    {
        if (RequireUnprotected(rename.OldParent, Protection.Any) is not Errno.None and var error)
            return error;
        if (RequireUnprotected(rename.Source, Protection.Any) is not Errno.None and var fixedSource)
            return fixedSource;
        if (rename.Target is not { } target)
            return RequireUnprotected(rename.NewParent, Protection.Immutable);
        if (RequireUnprotected(rename.NewParent, Protection.Any) is not Errno.None and var kept)
            return kept;
        return RequireUnprotected(target, Protection.Any);
    }

    /// <summary>As may_setattr; and a size is set by writers only, who do not append.</summary>
    public Errno RequireSettable(Inode inode, in SetAttrIn input)
    {
        const SetAttrValid touch = SetAttrValid.Atime | SetAttrValid.AtimeNow | SetAttrValid.Mtime | SetAttrValid.MtimeNow;
        SetAttrValid valid = input.Valid;
        Protection by = Protection.None;
        if (access.Current.IsTimeOfChange(input))
            valid = (valid & SetAttrValid.Atime) != 0 ? valid | SetAttrValid.MtimeNow : valid & ~SetAttrValid.Mtime; // of a write that was allowed
        if ((valid & touch) == touch)
            by = Protection.Immutable;
        else if ((valid & touch) != 0)
            by = Protection.Any; // the very time that somebody says
        if ((valid & (SetAttrValid.Mode | SetAttrValid.Uid | SetAttrValid.Gid)) != 0)
            by = Protection.Any;
        if ((valid & SetAttrValid.Size) != 0)
            by |= WasOpenedForWriting(inode, valid) ? Protection.Append : Protection.Any;
        return by == Protection.None ? Errno.None : RequireUnprotected(inode, by);
    }

    /// <summary>ftruncate(2) goes on with a descriptor from before chattr +i.</summary>
    private bool WasOpenedForWriting(Inode inode, SetAttrValid valid) =>
        (valid & SetAttrValid.Handle) != 0 && access.Current.IsOpenForWriting(inode);

    /// <summary>As may_open, of an open for writing or truncation.</summary>
    public Errno RequireWritable(Inode inode, OpenFlags flags)
    {
        bool appends = (flags & (OpenFlags.Append | OpenFlags.Truncate)) == OpenFlags.Append;
        return RequireUnprotected(inode, appends ? Protection.Immutable : Protection.Any);
    }

    /// <summary>As vfs_fallocate.</summary>
    public Errno RequireAllocatable(Inode inode, uint mode)
    {
        const uint FALLOC_FL_KEEP_SIZE = 1;
        return RequireUnprotected(inode, (mode & ~FALLOC_FL_KEEP_SIZE) == 0 ? Protection.Immutable : Protection.Any);
    }

    /// <summary>chattr(1): the xattr of the upper file says so, and an inode that had flags has only these.</summary>
    public Errno Set(Inode inode, Fd upper, Protection protection)
    {
        if (Of(inode, out Protection before) is not Errno.None and var unread)
            return unread;
        Errno error = Errno.None;
        if (protection != Protection.None)
            error = ProtectionXattr.Write(view.Xattrs, upper, Name.Empty, protection);
        else if (before != Protection.None)
            error = ProtectionXattr.Remove(view.Xattrs, upper, Name.Empty);
        if (error != Errno.None)
            return error;
        inode.Protection = protection;
        if (inode.IsLeftBehind && view.Inodes.OfUpperFile(inode.UpperIno) is { } successor)
            successor.Protection = protection;
        return Errno.None;
    }
}
