using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>Makes inodes ready to be changed, by copy-up if needed. A caller holds no lock of names.</summary>
/// <param name="view">The merged view.</param>
/// <param name="copyUp">Null on a mount that writes nothing.</param>
/// <param name="access">Open files.</param>
internal sealed class UpperAccess(MergedView view, CopyUp? copyUp, FileAccessChoice access)
{
    /// <summary>Gives an inode an upper file.</summary>
    /// <param name="request">The caller, whose interruption stops the copying.</param>
    /// <param name="inode">The inode.</param>
    /// <param name="dataLimit">Bytes of data to copy; <see cref="CopyUp.NoData"/> if the data may stay below.</param>
    /// <returns>EROFS on a mount that writes nothing.</returns>
    public Errno Ensure(in FuseRequest request, Inode inode, long dataLimit = long.MaxValue)
    {
        if (copyUp is null)
            return Errno.EROFS;
        return CopyUp.Suffices(inode, dataLimit) ? Errno.None : copyUp.Ensure(request, inode, dataLimit);
    }

    /// <summary>
    /// As <see cref="Ensure"/>, for writes and changes of attributes: the copy of a large file may just have begun, if the way of file
    /// access allows it.
    /// </summary>
    public Errno EnsureChangeable(in FuseRequest request, Inode inode, long dataLimit = long.MaxValue)
    {
        if (copyUp is null || !access.Current.AllowsPartialCopies)
            return Ensure(request, inode, dataLimit);
        return CopyUp.Suffices(inode, dataLimit) ? Errno.None : copyUp.EnsureChangeable(request, inode, dataLimit);
    }

    /// <summary>Completes a copy that has begun.</summary>
    public Errno CompletePartial(in FuseRequest request, Inode? inode) =>
        inode?.Partial is null ? Errno.None : copyUp!.Ensure(request, inode, long.MaxValue);

    /// <summary>Copies a directory up if needed and borrows its upper descriptor.</summary>
    public Errno BorrowDirectory(in FuseRequest request, Inode directory, out BorrowedFd upper)
    {
        Errno error;
        upper = default;
        if ((error = Ensure(request, directory)) != Errno.None)
            return error;
        return view.Directories.BorrowUpper(directory, out upper);
    }

    /// <summary>The descriptor for writing a file. A lower file is copied up.</summary>
    public Errno BorrowForWrite(in FuseRequest request, Inode inode, out BorrowedFd file)
    {
        Errno error = access.Current.BorrowForWrite(inode, out file);
        if (error != Errno.EAGAIN)
            return error;
        if ((error = Ensure(request, inode)) != Errno.None)
            return error;
        return access.Current.OpenForWrite(inode, out file);
    }
}
