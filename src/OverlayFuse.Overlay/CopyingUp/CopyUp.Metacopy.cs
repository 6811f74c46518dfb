using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>metacopy=on: copies that leave their data below, and the later copy of the data.</summary>
internal sealed partial class CopyUp
{
    /// <summary>Gives the copy its size and the mark. The data stay below (ovl_set_size, ovl_copy_up_metadata).</summary>
    private Errno LeaveData(Inode inode, in Statx stat, in WorkEntry entry)
    {
        Errno error;
        if ((error = entry.Open(OpenFlags.WriteOnly, out Fd opened)) != Errno.None)
            return error;
        using var file = new ScopedFd(opened);
        if ((error = Sys.FTruncate(file, (long)stat.Size)) != Errno.None)
            return error;
        if ((error = Mark(inode, entry)) != Errno.None)
            return error;
        return Sys.UTimeNsAt(entry.Directory, entry.Name, stat.Atime.ToTimeSpec(), stat.Mtime.ToTimeSpec());
    }

    /// <summary>
    /// Compares the data with their digest before each copy-up, also before one that copies no data (ovl_verify_lowerdata).
    /// </summary>
    private Errno VerifyData(Inode inode)
    {
        if (inode.Data is null || !view.Metacopy.IsVerified)
            return Errno.None;
        Errno error = view.Files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd opened);
        using var data = new ScopedFd(opened);
        return error;
    }

    private Errno Mark(Inode inode, in WorkEntry entry)
    {
        if (!view.Metacopy.IsVerified)
            return view.Metacopy.Mark(entry.Directory, entry.Name, Fd.None);
        Errno error;
        if ((error = view.Files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd opened)) != Errno.None)
            return error;
        using var data = new ScopedFd(opened);
        return view.Metacopy.Mark(entry.Directory, entry.Name, data);
    }

    /// <summary>Tells if a change of metadata may leave the data of a lower file below.</summary>
    private Errno MayLeaveData(Inode inode, out bool mayLeave)
    {
        mayLeave = view.Metacopy.IsOn;
        if (!mayLeave || !view.Metacopy.IsVerified)
            return Errno.None;
        Errno error;
        if ((error = view.Files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd opened)) != Errno.None)
            return error;
        using var data = new ScopedFd(opened);
        mayLeave = view.Metacopy.MayLeave(data);
        return Errno.None;
    }

    /// <summary>The place of a lower file's data.</summary>
    private static LowerData DataOf(Inode inode)
    {
        Place place = inode.Place!;
        return inode.Data ?? new LowerData(inode.LowerLayer, InodePath.InLayer(place.Parent, inode.LowerLayer, place.Name));
    }

    /// <summary>
    /// Fills a metacopy in place. Nobody looks at its data before its mark is gone (ovl_copy_up_meta_inode_data).
    /// </summary>
    private Errno FetchData(in FuseRequest request, Inode inode, long dataLimit)
    {
        Errno error;
        if ((error = CallerIds.AssumeMounter()) != Errno.None)
            return error;
        if ((error = view.Files.Open(inode, OpenFlags.ReadWrite | OpenFlags.NonBlock, out Fd opened)) != Errno.None)
            return error;
        using var file = new ScopedFd(opened);
        if ((error = Sys.FStatx(file, out Statx stat)) != Errno.None)
            return error;
        Span<byte> capability = stackalloc byte[FileCapability.Room];
        bool hasCapability = Sys.GetXattrAt(file, Name.Empty, FileCapability.Xattr, capability, out int length) == Errno.None;
        error = Fill(request, inode, file, Math.Min((long)stat.Size, dataLimit));
        if (error != Errno.None)
            Empty(file, (long)stat.Size);
        // Each write has dropped the capability.
        Errno restored = hasCapability ? Sys.SetXattrAt(file, Name.Empty, FileCapability.Xattr, capability[..length]) : Errno.None;
        if (error == Errno.None)
            error = restored;
        // The change that follows sets the times.
        _ = Sys.UTimeNsAt(file, Name.Empty, stat.Atime.ToTimeSpec(), stat.Mtime.ToTimeSpec());
        if (error == Errno.None)
            error = view.Metacopy.Unmark(file);
        if (error != Errno.None)
            return error;
        inode.Data = null;
        access.Current.FollowRealFile(inode);
        return Errno.None;
    }

    /// <summary>Copies the first bytes and cuts the rest off. Without its mark the file has just the data that it holds.</summary>
    private Errno Fill(in FuseRequest request, Inode inode, Fd file, long size)
    {
        Errno error;
        if ((error = Sys.FStatx(file, out Statx stat, StatxMask.BasicStats)) != Errno.None)
            return error;
        bool whole = size == (long)stat.Size;
        error = size == 0 ? Errno.None : CopyData(request, inode, file, new CopyUpData(size, whole) { Work = work });
        if (error == Errno.None && !whole)
            error = Sys.FTruncate(file, size);
        return error == Errno.None && size > 0 ? work.Persist(file) : error;
    }

    /// <summary>Gives back the room of data that were copied in vain.</summary>
    private static void Empty(Fd file, long size)
    {
        // If these fail, nobody looks at the data as long as the mark is there.
        _ = Sys.FTruncate(file, 0);
        _ = Sys.FTruncate(file, size);
    }
}
