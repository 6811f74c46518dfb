using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Copy-up: the first change of a lower file makes its copy in the upper layer (fs/overlayfs/copy_up.c). The copy is made in the work
/// directory and renamed into place when it is whole and synced, so neither another process nor a crash ever shows half of it. Parents
/// first; one copier per inode, which others wait for; an interrupted request or the end of the mount stops it.
/// </summary>
/// <param name="fileSystem">The merged view.</param>
/// <param name="work">Where copies are made.</param>
internal sealed class CopyUp(OverlayFileSystem fileSystem, WorkDirectory work)
{
    /// <summary>How often a waiting request looks whether it was interrupted.</summary>
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Gives an inode an upper file, if it has none yet.</summary>
    /// <param name="request">Whose interruption stops it.</param>
    /// <param name="inode">The inode.</param>
    /// <param name="dataLimit">Bytes of data worth copying: what lies behind will be cut off at once.</param>
    public Errno Ensure(in FuseRequest request, Inode inode, long dataLimit)
    {
        if (inode.HasUpper)
            return Errno.None;
        if (!inode.Unlinked && Ensure(request, inode.Place!.Parent, long.MaxValue) is not Errno.None and var error && !inode.Unlinked)
            return error;
        while (!Monitor.TryEnter(inode, s_poll))
        {
            if (CallerProcess.HasGivenUp(request))
                return Errno.EINTR;
        }
        try
        {
            return inode.HasUpper ? Errno.None : Copy(request, inode, dataLimit);
        }
        finally
        {
            Monitor.Exit(inode);
        }
    }

    private Errno Copy(in FuseRequest request, Inode inode, long dataLimit)
    {
        if (CallerIds.AssumeMounter() is not Errno.None and var error)
            return error;
        if (fileSystem.Files.Locate(inode, out RealName lower) is not Errno.None and var gone)
            return gone;
        using (lower)
        {
            if (fileSystem.Files.Statx(inode, lower.Directory, lower.Name, out Statx stat) is not Errno.None and var unseen)
                return unseen == Errno.ENOENT ? Errno.ESTALE : unseen;
            if ((stat.Attributes & (StatxAttributes.Immutable | StatxAttributes.Append)) != 0)
                return Errno.EPERM; // chattr +i and +a protect the file in the merged view too
            var entry = new WorkEntry(work);
            try
            {
                if (Make(request, lower, stat, entry, dataLimit) is not Errno.None and var failed)
                    return failed;
                bool cut = stat.Type == FileType.Regular && dataLimit < (long)stat.Size;
                if (new CopyUpMetadata(fileSystem, lower, stat, entry) { IsCut = cut }.Copy(inode) is not Errno.None and var refused)
                    return refused;
                return Finish(inode, stat, ref entry);
            }
            finally
            {
                entry.Dispose();
            }
        }
    }

    /// <summary>Makes the copy: its type and its data.</summary>
    private Errno Make(in FuseRequest request, in RealName lower, in Statx stat, in WorkEntry entry, long dataLimit)
    {
        switch (stat.Type)
        {
            case FileType.Regular:
                long length = Math.Min((long)stat.Size, dataLimit);
                bool whole = length == (long)stat.Size;
                return new CopyUpData(length, whole, sync: fileSystem.Options.Syncs).Copy(request, lower, entry);
            case FileType.Directory:
                return Sys.MkDirAt(entry.Directory, entry.Name, 0x1C0);
            case FileType.SymLink:
                Span<byte> target = stackalloc byte[4097];
                if (OverlayFileSystem.ReadTarget(lower, target[..^1], out int bytes) is not Errno.None and var error)
                    return error;
                target[bytes] = 0;
                return Sys.SymLinkAt(new Name(target[..(bytes + 1)]), entry.Directory, entry.Name);
            default:
                return fileSystem.MakeNode(entry.Directory, entry.Name, stat);
        }
    }

    private Errno Finish(Inode inode, in Statx lower, ref WorkEntry entry)
    {
        if (Sys.StatxAt(entry.Directory, entry.Name, out Statx copied, StatxMask.Ino) is not Errno.None and var lost)
            return lost;
        inode.HasOrigin = inode.IsDirectory || lower.Nlink == 1;
        Place place = inode.Place!;
        Errno error = inode.Unlinked ? Errno.ENOENT : PutInPlace(inode, place, copied, ref entry);
        if (error == Errno.ENOENT && inode.Unlinked)
            error = KeepUnnamed(inode, place.Parent, copied.Ino, entry);
        if (error != Errno.None)
            return error;
        fileSystem.InvalidateAttributes(inode);
        fileSystem.InvalidateAttributes(place.Parent);
        if (!inode.HasOrigin)
            fileSystem.InvalidateListing(place.Parent); // the copy of a broken hard link has a number of its own
        fileSystem.RefreshOpen(inode);
        return Errno.None;
    }

    /// <summary>Renames the copy into the upper layer and keeps the parent's times (ovl_copy_up_one).</summary>
    /// <returns>ENOENT when the name was removed meanwhile.</returns>
    private Errno PutInPlace(Inode inode, Place place, in Statx copied, ref WorkEntry entry)
    {
        if (fileSystem.Directories.BorrowUpper(place.Parent, out BorrowedFd parent) is not Errno.None and var error)
            return error;
        using (parent)
        using (new NamesChange(place.Parent))
        {
            if (inode.Unlinked)
                return Errno.ENOENT;
            if (fileSystem.MarkImpure(place.Parent, parent) is not Errno.None and var unmarked)
                return unmarked;
            if (Sys.FStatx(parent, out Statx before) is not Errno.None and var unseen)
                return unseen;
            if (Move(inode, parent, place.Name, ref entry) is not Errno.None and var failed)
                return failed == Errno.EEXIST ? Errno.ESTALE : failed; // somebody put a file there behind our back
            if (!inode.HasOrigin)
                inode.Ino = fileSystem.MapIno(copied); // a broken hard link (ovl_getattr)
            fileSystem.Inodes.SetUpper(inode, copied.Ino);
            _ = Sys.UTimeNsAt(parent, Name.Empty, before.Atime.ToTimeSpec(), before.Mtime.ToTimeSpec()); // as well as can be: the copy is in place
            return Errno.None;
        }
    }

    private static Errno Move(Inode inode, Fd parent, Name name, ref WorkEntry entry)
    {
        Fd moved = Fd.None;
        if (inode.IsDirectory && Sys.OpenAt(entry.Directory, entry.Name, OpenFlags.Path | OpenFlags.NoFollow, out moved) is not Errno.None and var error)
            return error;
        using var directory = new ScopedFd(moved);
        using var itself = new OwnerWritable(directory); // a rename changes its ".."
        using var target = new OwnerWritable(parent);
        return entry.MoveTo(parent, name, RenameFlags.NoReplace);
    }

    /// <summary>The lower file was unlinked while it was open: its copy lives without a name until it is forgotten.</summary>
    private Errno KeepUnnamed(Inode inode, Inode parent, ulong ino, in WorkEntry entry)
    {
        if (Sys.OpenAt(entry.Directory, entry.Name, OpenFlags.Path | OpenFlags.NoFollow, out Fd opened) is not Errno.None and var error)
            return error;
        using (new NamesChange(parent))
        {
            inode.Pinned = new SafeFd(opened);
            fileSystem.Inodes.SetUpper(inode, ino);
        }
        return Errno.None;
    }
}
