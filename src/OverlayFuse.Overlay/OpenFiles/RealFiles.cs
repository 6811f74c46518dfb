using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>Finds the real file behind an inode: in its pinned descriptor, in the upper layer, else in the topmost lower one.</summary>
/// <param name="layers">The layers.</param>
/// <param name="directories">Descriptors of the real directories.</param>
/// <param name="owners">Owners and modes as shown.</param>
internal sealed class RealFiles(LayerStack layers, DirectoryCache directories, Ownership owners)
{
    /// <summary>workdir/index, with index=on.</summary>
    public SafeFd? Index { get; init; }

    /// <summary>Compares data with the digests of their metacopies; null without verity.</summary>
    public Metacopy? Verifier { get; init; }

    /// <summary>
    /// Finds the real file. For an upper non-directory the result holds the lock of the parent's names until its disposal, so that the name
    /// stays true.
    /// </summary>
    /// <returns>ESTALE if another process has changed a layer and the file is gone.</returns>
    public Errno Locate(Inode inode, out FoundFile real)
    {
        real = default;
        if (inode.IsDirectory)
        {
            Errno error = LocateDirectory(inode, out BorrowedFd directory);
            real = new FoundFile(directory, Name.Empty, null);
            return error;
        }
        if (inode.Partial is { } partial && partial.TryBorrow(out BorrowedFd copy))
        {
            real = new FoundFile(copy, Name.Empty, null);
            return Errno.None;
        }
        return inode.HasUpper ? LocateUpper(inode, out real) : LocateLower(inode, out real);
    }

    /// <summary>statx of the real file, as the merged view shows it.</summary>
    public Errno Statx(Inode inode, out Statx stat)
    {
        stat = default;
        if (inode.Open is { } open && open.TryBorrowForWrite(out BorrowedFd written))
        {
            using (written)
                return Statx(inode, written, Name.Empty, out stat);
        }
        Errno error;
        if ((error = Locate(inode, out FoundFile real)) != Errno.None)
            return error;
        using (real)
            error = Statx(inode, real.Directory, real.Name, out stat);
        inode.Partial?.Correct(ref stat);
        if (inode.Data is { } data)
            stat.Blocks = BlocksOfData(data, stat);
        return error == Errno.ENOENT ? Errno.ESTALE : error;
    }

    /// <summary>statx of a real file that the caller has found already, as the merged view shows it.</summary>
    public Errno Statx(Inode inode, Fd directory, Name name, out Statx stat, StatxMask mask = StatxMask.BasicStats) =>
        // A copy that is still being made lies in work, on the upper's disk.
        owners.Statx(inode.Partial is null ? inode.RealLayer : Limits.NoLayer, directory, name, out stat, mask);

    /// <summary>Opens the real file. A lower file opens for reading only.</summary>
    public Errno Open(Inode inode, OpenFlags flags, out Fd fd)
    {
        fd = Fd.None;
        // A fault elsewhere must not reach a lower layer.
        if (!inode.HasUpper && (flags & (OpenFlags.AccessMode | OpenFlags.Truncate | OpenFlags.Create)) != OpenFlags.ReadOnly)
            return Errno.EROFS;
        Errno error;
        if ((error = Locate(inode, out FoundFile real)) != Errno.None)
            return error;
        using (real)
        {
            error = real.Name.Length == 0 ? Sys.Reopen(real.Directory, flags, out fd)
                : IsForReadingBelow(inode, flags) ? Sys.OpenUnnoticedAt(real.Directory, real.Name, flags | OpenFlags.NoFollow, out fd)
                : Sys.OpenAt(real.Directory, real.Name, flags | OpenFlags.NoFollow, out fd);
        }
        return error == Errno.ENOENT ? Errno.ESTALE : error;
    }

    private static bool IsForReadingBelow(Inode inode, OpenFlags flags) => !inode.HasUpper && (flags & OpenFlags.Path) == 0;

    /// <summary>Opens the file that holds the data. The data of a metacopy are further down, and open for reading only.</summary>
    public Errno OpenData(Inode inode, OpenFlags flags, out Fd fd)
    {
        if (inode.Partial is { } partial)
            return partial.OpenLower(flags, out fd);
        if (inode.Data is not { } data)
            return Open(inode, flags, out fd);
        fd = Fd.None;
        if ((flags & (OpenFlags.AccessMode | OpenFlags.Truncate)) != OpenFlags.ReadOnly)
            return Errno.EROFS;
        Errno error;
        if ((error = OpenData(data, flags, out fd)) != Errno.None)
            return error;
        if (Verifier is null)
            return Errno.None;
        using var opened = new ScopedFd(fd);
        error = Verify(inode, fd);
        fd = error == Errno.None ? opened.Release() : Fd.None;
        return error;
    }

    private Errno Verify(Inode inode, Fd data)
    {
        Errno error;
        if ((error = Locate(inode, out FoundFile real)) != Errno.None)
            return error;
        using (real)
            return Verifier!.Verify(real.Directory, real.Name, data);
    }

    /// <summary>st_blocks of the data, which a metacopy shows (ovl_getattr).</summary>
    public ulong BlocksOfData(LowerData data, in Statx metadata)
    {
        ulong estimate = (metadata.Size + metadata.BlockSize - 1) / metadata.BlockSize * metadata.BlockSize / 512;
        if (OpenData(data, OpenFlags.Path, out Fd opened) != Errno.None)
            return estimate;
        using var file = new ScopedFd(opened);
        return Sys.FStatx(file, out Statx stat) == Errno.None ? stat.Blocks : estimate;
    }

    /// <summary>The lower file that a copy-up starts from.</summary>
    public Errno LocateLower(Inode inode, out FoundFile real)
    {
        real = default;
        Place place = inode.Place!;
        Errno error;
        if ((error = directories.BorrowLayer(place.Parent, inode.LowerLayer, out BorrowedFd parent)) != Errno.None)
            return error;
        real = new FoundFile(parent, place.Name, null);
        return Errno.None;
    }

    /// <returns>EIO if the data are missing or no regular file; ENOENT if no data-only layer has them.</returns>
    private Errno OpenData(LowerData data, OpenFlags flags, out Fd fd)
    {
        bool isInDataLayer = data.Layer == Limits.NoLayer;
        Errno error = isInDataLayer
            ? DataLayers.Open(layers.DataLayers, data.Path, flags, out fd)
            : LayerWalk.Open(layers.Lowers[data.Layer].Root.Fd, data.Path, flags, out fd);
        if (error != Errno.None)
            return !isInDataLayer && error is (Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP) ? Errno.EIO : error;
        using var opened = new ScopedFd(fd);
        error = Sys.FStatx(fd, out Statx stat, StatxMask.Type);
        if (error == Errno.None && stat.Type != FileType.Regular)
            error = Errno.EIO;
        fd = error == Errno.None ? opened.Release() : Fd.None;
        return error;
    }

    private Errno LocateDirectory(Inode inode, out BorrowedFd directory)
    {
        if (TryPinned(inode, out directory))
            return Errno.None;
        return inode.HasUpper ? directories.BorrowUpper(inode, out directory) : directories.BorrowLower(inode, out directory);
    }

    private Errno LocateUpper(Inode inode, out FoundFile real)
    {
        while (true)
        {
            real = default;
            if (TryPinned(inode, out BorrowedFd pinned))
            {
                real = new FoundFile(pinned, Name.Empty, null);
                return Errno.None;
            }
            if (inode.Index is { } entry && Index is { } index && index.TryAcquire())
            {
                real = new FoundFile(new BorrowedFd(index), entry.Name, null);
                return Errno.None;
            }
            if (inode.Place is not { } place || inode.Unlinked)
                return Errno.ESTALE;
            Errno error;
            if ((error = directories.BorrowUpper(place.Parent, out BorrowedFd parent)) != Errno.None)
                return error;
            real = new FoundFile(parent, place.Name, place.Parent.Directory);
            if (ReferenceEquals(place, inode.Place) && !inode.Unlinked)
                return Errno.None;
            // Another request has renamed or unlinked it before the lock was taken.
            real.Dispose();
        }
    }

    private static bool TryPinned(Inode inode, out BorrowedFd fd)
    {
        SafeFd? pinned = inode.Pinned;
        bool held = pinned is not null && pinned.TryAcquire();
        fd = held ? new BorrowedFd(pinned!) : default;
        return held;
    }

    /// <summary>
    /// Writes data that were stored into the page cache before, by a mapping or with writeback=1. The kernel ignores the number of bytes in
    /// the answer (fuse_writepage_end), so a short write is an error. The kernel dealt with the rights of the file when the data were
    /// stored, so a capability that the file has by now stays.
    /// </summary>
    public Errno WriteStored(Inode inode, Fd file, ReadOnlySpan<byte> data, long offset)
    {
        Span<byte> capability = stackalloc byte[FileCapability.Room];
        if (!owners.WriteDropsCapability(file))
            return WriteAll(file, data, offset, out _);
        // A SETXATTR or REMOVEXATTR of the capability comes before or after.
        lock (inode.OpenLock)
        {
            if (Sys.FGetXattr(file, FileCapability.Xattr, capability, out int length) != Errno.None)
                return WriteAll(file, data, offset, out _);
            Errno written = WriteAll(file, data, offset, out _);
            Errno error = Sys.SetXattrAt(file, Name.Empty, FileCapability.Xattr, capability[..length]);
            return written == Errno.None ? error : written;
        }
    }

    /// <summary>Writes all data. An error still counts the bytes before it.</summary>
    public static Errno WriteAll(Fd file, ReadOnlySpan<byte> data, long offset, out int count)
    {
        for (count = 0; count < data.Length;)
        {
            Errno error = Sys.PWrite(file, data[count..], offset + count, out int written);
            count += written;
            if (error != Errno.None)
                return error;
        }
        return Errno.None;
    }
}
