using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// chattr +i and +a. The kernel's side of FUSE does not know S_IMMUTABLE and S_APPEND, so the daemon makes the checks that the VFS makes
/// for other file systems. Every operation that changes something checks before it copies up. The first check of an inode reads its flags.
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="access">Open files.</param>
internal sealed class Protections(MergedView view, FileAccessChoice access)
{
    /// <summary>Tells the protection of an inode: the xattr of its upper file, and the flags of its real file.</summary>
    public Errno Of(Inode inode, out Protection protection)
    {
        protection = inode.Protection;
        if (protection != Protection.NotRead && !inode.IsLeftBehind)
            return Errno.None;
        Errno error = ReadProtection(inode, out Protection read);
        if (error != Errno.None)
            return error;
        // Another thread may have set it meanwhile. The flags of an inode that was left behind are changed through another inode.
        Protection known = Interlocked.CompareExchange(ref inode.Protection, read, Protection.NotRead);
        protection = known == Protection.NotRead || inode.IsLeftBehind ? read : known;
        return Errno.None;
    }

    private Errno ReadProtection(Inode inode, out Protection protection)
    {
        Errno error;
        protection = Protection.None;
        while (true)
        {
            bool isUp = IsUp(inode);
            if ((error = view.Files.Locate(inode, out FoundFile real)) != Errno.None)
                return error;
            using (real)
            {
                // A copy-up in between moves the real file. The answer is read after the place, on arm64 too.
                Volatile.ReadBarrier();
                if (isUp != IsUp(inode))
                    continue;
                if ((error = Sys.StatxAt(real.Directory, real.Name, out Statx stat, StatxMask.Type)) != Errno.None)
                    return error == Errno.ENOENT ? Errno.ESTALE : error;
                error = isUp ? ProtectionXattr.Read(view.Xattrs, real.Directory, real.Name, out protection) : Errno.None;
                protection |= ProtectionXattr.OfRealFile(view.Layers, stat);
                return error;
            }
        }
    }

    /// <summary>True if its real file is in the upper layer, or a copy-up to there is under way.</summary>
    private static bool IsUp(Inode inode) => inode.HasUpper || inode.Partial is not null;

    /// <returns>EPERM for an inode that has one of these flags.</returns>
    public Errno RequireUnprotected(Inode inode, Protection by)
    {
        if (by == Protection.None)
            return Errno.None;
        Errno error = Of(inode, out Protection protection);
        return error == Errno.None && (protection & by) != 0 ? Errno.EPERM : error;
    }

    /// <summary>
    /// As <see cref="RequireUnprotected(Inode, Protection)"/>, for a name in an upper directory. Under the lock of its names.
    /// </summary>
    public Errno RequireUnprotected(Inode? inode, Fd upper, Name name)
    {
        Protection protection = inode?.Protection ?? Protection.NotRead;
        Errno error = Errno.None;
        if (protection == Protection.NotRead)
        {
            // The upper's own file system checks the flags of the real file.
            error = ProtectionXattr.Read(view.Xattrs, upper, name, out protection);
        }
        return error == Errno.None && (protection & Protection.Any) != 0 ? Errno.EPERM : error;
    }

    /// <summary>Checks that a name may be removed from a directory (may_delete), as far as is known before the name is looked up.</summary>
    public Errno RequireRemovable(Inode parent, Name name)
    {
        Errno error = RequireUnprotected(parent, Protection.Any);
        if (error != Errno.None)
            return error;
        bool isLower = !parent.HasUpper;
        return isLower && view.Inodes.OfName(parent, name) is { } inode ? RequireUnprotected(inode, Protection.Any) : Errno.None;
    }

    /// <summary>Checks a rename, as may_delete and may_create do.</summary>
    public Errno RequireMovable(in Renaming rename)
    {
        Errno error = RequireUnprotected(rename.OldParent, Protection.Any);
        if (error != Errno.None)
            return error;
        if ((error = RequireUnprotected(rename.Source, Protection.Any)) != Errno.None)
            return error;
        if (rename.Target is not { } target)
            return RequireUnprotected(rename.NewParent, Protection.Immutable);
        if ((error = RequireUnprotected(rename.NewParent, Protection.Any)) != Errno.None)
            return error;
        return RequireUnprotected(target, Protection.Any);
    }

    /// <summary>Checks a change of attributes, as may_setattr does. An append-only file also keeps its size.</summary>
    public Errno RequireSettable(Inode inode, in SetAttrIn input)
    {
        const SetAttrValid touch = SetAttrValid.Atime | SetAttrValid.AtimeNow | SetAttrValid.Mtime | SetAttrValid.MtimeNow;
        SetAttrValid valid = input.Valid;
        Protection by = Protection.None;
        // That time belongs to a write that was allowed.
        if (access.Current.IsTimeOfChange(input))
            valid = (valid & SetAttrValid.Atime) != 0 ? valid | SetAttrValid.MtimeNow : valid & ~SetAttrValid.Mtime;
        // Setting the time of now is allowed for append-only files. Setting any other time is not.
        if ((valid & touch) == touch)
            by = Protection.Immutable;
        else if ((valid & touch) != 0)
            by = Protection.Any;
        if ((valid & (SetAttrValid.Mode | SetAttrValid.Uid | SetAttrValid.Gid)) != 0)
            by = Protection.Any;
        if ((valid & SetAttrValid.Size) != 0)
            by |= WasOpenedForWriting(inode, valid) ? Protection.Append : Protection.Any;
        return by == Protection.None ? Errno.None : RequireUnprotected(inode, by);
    }

    /// <summary>True for an ftruncate(2) by a descriptor that is open for writing. A later chattr +i does not stop it.</summary>
    private bool WasOpenedForWriting(Inode inode, SetAttrValid valid) =>
        (valid & SetAttrValid.Handle) != 0 && access.Current.IsOpenForWriting(inode);

    /// <summary>Checks an open for writing or truncation, as may_open does.</summary>
    public Errno RequireWritable(Inode inode, OpenFlags flags)
    {
        bool appends = (flags & (OpenFlags.Append | OpenFlags.Truncate)) == OpenFlags.Append;
        return RequireUnprotected(inode, appends ? Protection.Immutable : Protection.Any);
    }

    /// <summary>Checks fallocate(2), as vfs_fallocate does.</summary>
    public Errno RequireAllocatable(Inode inode, uint mode)
    {
        const uint FALLOC_FL_KEEP_SIZE = 1;
        return RequireUnprotected(inode, (mode & ~FALLOC_FL_KEEP_SIZE) == 0 ? Protection.Immutable : Protection.Any);
    }

    /// <summary>Serves chattr(1): writes the flags to the xattr of the upper file. They replace the flags that the inode had.</summary>
    public Errno Set(Inode inode, Fd upper, Protection protection)
    {
        Errno error = Of(inode, out Protection before);
        if (error != Errno.None)
            return error;
        error = Errno.None;
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
