using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>Copies that leave their data below, and how the data come after (metacopy=on).</summary>
internal sealed partial class CopyUp
{
    /// <summary>The copy gets the size and the mark; its data stay where they are (ovl_set_size, ovl_copy_up_metadata).</summary>
    private Errno LeaveData(Inode inode, in Statx stat, in WorkEntry entry)
    {
        if (entry.Open(OpenFlags.WriteOnly, out Fd opened) is not Errno.None and var error)
            return error;
        using var file = new ScopedFd(opened);
        if (Sys.FTruncate(file, (long)stat.Size) is not Errno.None and var refused)
            return refused;
        if (Mark(inode, entry) is not Errno.None and var unmarked)
            return unmarked;
        return Sys.UTimeNsAt(entry.Directory, entry.Name, stat.Atime.ToTimeSpec(), stat.Mtime.ToTimeSpec());
    }

    /// <summary>Before any copy-up, also one that brings no data (ovl_verify_lowerdata).</summary>
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
        if (view.Files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd opened) is not Errno.None and var error)
            return error;
        using var data = new ScopedFd(opened);
        return view.Metacopy.Mark(entry.Directory, entry.Name, data);
    }

    /// <summary>Whether a change of a lower file's metadata alone may leave its data below.</summary>
    private Errno MayLeaveData(Inode inode, out bool mayLeave)
    {
        mayLeave = view.Metacopy.IsOn;
        if (!mayLeave || !view.Metacopy.IsVerified)
            return Errno.None;
        if (view.Files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd opened) is not Errno.None and var error)
            return error;
        using var data = new ScopedFd(opened);
        mayLeave = view.Metacopy.MayLeave(data);
        return Errno.None;
    }

    /// <summary>Where the data of a lower file are.</summary>
    private static LowerData DataOf(Inode inode)
    {
        Place place = inode.Place!;
        return inode.Data ?? new LowerData(inode.LowerLayer, InodePath.InLayer(place.Parent, inode.LowerLayer, place.Name));
    }

    /// <summary>
    /// Fills a metacopy in place: until its mark is gone, what it holds is not looked at (ovl_copy_up_meta_inode_data).
    /// </summary>
    private Errno FetchData(in FuseRequest request, Inode inode, long dataLimit)
    {
        if (CallerIds.AssumeMounter() is not Errno.None and var error)
            return error;
        if (view.Files.Open(inode, OpenFlags.ReadWrite | OpenFlags.NonBlock, out Fd opened) is not Errno.None and var lost)
            return lost;
        using var file = new ScopedFd(opened);
        if (Sys.FStatx(file, out Statx stat) is not Errno.None and var unseen)
            return unseen;
        Span<byte> capability = stackalloc byte[64];
        bool hasCapability = Sys.GetXattrAt(file, Name.Empty, FileCapability.Xattr, capability, out int length) == Errno.None;
        error = Fill(request, inode, file, Math.Min((long)stat.Size, dataLimit));
        if (error != Errno.None)
            Empty(file, (long)stat.Size);
        if (hasCapability && Sys.SetXattrAt(file, Name.Empty, FileCapability.Xattr, capability[..length]) is not Errno.None and var dropped) // by every write
            error = error == Errno.None ? dropped : error;
        _ = Sys.UTimeNsAt(file, Name.Empty, stat.Atime.ToTimeSpec(), stat.Mtime.ToTimeSpec()); // a change follows, which sets them
        if (error == Errno.None)
            error = view.Metacopy.Unmark(file);
        if (error != Errno.None)
            return error;
        inode.Data = null;
        access.Current.FollowRealFile(inode);
        return Errno.None;
    }

    /// <summary>Brings the first bytes, and cuts the rest off: without its mark the file is what it holds.</summary>
    private Errno Fill(in FuseRequest request, Inode inode, Fd file, long size)
    {
        if (Sys.FStatx(file, out Statx stat, StatxMask.BasicStats) is not Errno.None and var error)
            return error;
        bool whole = size == (long)stat.Size;
        error = size == 0 ? Errno.None : CopyData(request, inode, file, new CopyUpData(size, whole) { Work = work });
        if (error == Errno.None && !whole)
            error = Sys.FTruncate(file, size);
        return error == Errno.None && size > 0 ? work.Persist(file) : error;
    }

    /// <summary>What was copied in vain gives its room back; if not, nobody looks at it as long as the mark is there.</summary>
    private static void Empty(Fd file, long size)
    {
        _ = Sys.FTruncate(file, 0); // see above
        _ = Sys.FTruncate(file, size); // likewise
    }
}
