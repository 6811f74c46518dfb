using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// Open files. The real descriptors belong to the inode, not to the handle. So a handle that was opened before a copy-up reads data that
/// are written after it, and all handles share one page cache.
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>True if the kernel is older than 6.1.</summary>
    private bool _isAllocationUntold;

    /// <inheritdoc/>
    public Errno Open(in FuseRequest request, in OpenIn input, out OpenOut opened)
    {
        opened = default;
        Errno error;
        if ((error = _access.RequireHandles()) != Errno.None)
            return error;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        bool truncate = (input.Flags & OpenFlags.Truncate) != 0;
        bool write = (input.Flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly || truncate;
        if (write && (error = _protections.RequireWritable(inode, input.Flags)) != Errno.None)
            return error;
        bool isBelow = write && !inode.HasUpper;
        if (write && (error = _upper.Ensure(request, inode, truncate ? 0 : long.MaxValue)) != Errno.None)
            return error;
        // The copy has a time of change of its own.
        if (isBelow)
            _view.Kernel.InvalidateAttributes(inode);
        // Reads of passthrough are no requests.
        inode.WasRead |= !write;
        if ((error = _access.Open(inode, input.Flags, out opened)) != Errno.None || !truncate)
            return error;
        bool killSetIds = (input.RequestFlags & OpenRequestFlags.KillSuidGid) != 0;
        error = TruncateOpened(request, inode, killSetIds);
        if (error != Errno.None)
            _access.Release(inode);
        else if (killSetIds)
            // The kernel asks again for size and times only (fuse_truncate_update_attr).
            _view.Kernel.InvalidateAttributes(inode);
        return error;
    }

    /// <inheritdoc/>
    public Errno Release(in FuseRequest request, in ReleaseIn input)
    {
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        _access.Release(inode);
        return Errno.None;
    }

    /// <inheritdoc/>
    public Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
    {
        count = 0;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        Errno error;
        if (inode.Partial is { } partial && (error = partial.Read(data, (long)input.Offset, out count)) != Errno.ESTALE)
            return error;
        if ((error = _access.BorrowForRead(inode, out BorrowedFd file)) != Errno.None)
            return error;
        inode.WasRead = true;
        using (file)
        {
            while (count < data.Length)
            {
                error = Sys.PRead(file, data[count..], (long)input.Offset + count, out int read);
                count += read;
                // A short answer would mean the end of the file.
                if (error != Errno.None || read == 0)
                    return error;
            }
            return Errno.None;
        }
    }

    /// <inheritdoc/>
    public Errno Write(in FuseRequest request, in WriteIn input, ReadOnlySpan<byte> data, out int count)
    {
        count = 0;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        Errno error;
        if ((error = _protections.RequireUnprotected(inode, _access.StopsWrite(input.Flags))) != Errno.None)
            return error;
        if (!inode.HasUpper && (error = _upper.EnsureChangeable(request, inode)) != Errno.None)
            return error;
        if (inode.Partial is { } partial && (error = WriteTo(partial, request, input, data, out count)) != Errno.ESTALE)
            return error;
        if ((error = _upper.BorrowForWrite(request, inode, out BorrowedFd file)) != Errno.None)
            return error;
        using (file)
        {
            using NotedWrite noted = _access.BeginWrite(inode, file);
            if ((input.WriteFlags & WriteFlags.Cache) != 0)
            {
                count = data.Length;
                return _view.Files.WriteStored(inode, file, data, (long)input.Offset);
            }
            _view.Owners.DropEscapedCapability(file, Name.Empty);
            if ((error = RealFiles.WriteAll(file, data, (long)input.Offset, out count)) != Errno.None)
                return count > 0 ? Errno.None : error;
            return (input.WriteFlags & WriteFlags.KillSuidGid) != 0 ? DropSetIdsAfter(request, inode, file) : Errno.None;
        }
    }

    private Errno WriteTo(PartialCopy partial, in FuseRequest request, in WriteIn input, ReadOnlySpan<byte> data, out int count)
    {
        Errno error;
        if ((error = partial.Write(data, (long)input.Offset, out count)) != Errno.None)
            return error;
        // The kernel ignores the count for data that were stored before (fuse_writepage_end).
        if ((input.WriteFlags & WriteFlags.Cache) != 0 && count < data.Length)
            return Errno.ENOSPC;
        if ((input.WriteFlags & WriteFlags.KillSuidGid) == 0 || !partial.TryBorrow(out BorrowedFd copy))
            return Errno.None;
        using (copy)
            return _view.Owners.DropSetIds(request, copy);
    }

    /// <inheritdoc/>
    public Errno FSync(in FuseRequest request, in FSyncIn input)
    {
        Errno error;
        if ((error = _view.Durability.RequireWanted()) != Errno.None)
            return error;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if ((error = _upper.CompletePartial(request, inode)) != Errno.None)
            return error;
        // Nothing of this mount can be dirty (ovl_fsync).
        if (!inode.HasUpper)
            return Errno.None;
        if (inode.Data is not null)
            return (input.Flags & FSyncFlags.DataOnly) != 0 ? Errno.None : SyncMetacopy(inode);
        if ((error = _access.BorrowForRead(inode, out BorrowedFd file)) != Errno.None)
            return error;
        using (file)
            return _view.Durability.Sync(file, (input.Flags & FSyncFlags.DataOnly) != 0);
    }

    /// <summary>
    /// Syncs the attributes, which are in the upper. The data are below: there is nothing to sync (and EROFS answers EINVAL).
    /// </summary>
    private Errno SyncMetacopy(Inode inode)
    {
        Errno error;
        if ((error = _view.Files.Open(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd opened)) != Errno.None)
            return error;
        using var metacopy = new ScopedFd(opened);
        return Sys.FSync(metacopy);
    }

    /// <inheritdoc/>
    public Errno FAllocate(in FuseRequest request, in FAllocateIn input)
    {
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        Errno error;
        if ((error = _protections.RequireAllocatable(inode, input.Mode)) != Errno.None)
            return error;
        if ((error = _upper.BorrowForWrite(request, inode, out BorrowedFd file)) != Errno.None)
            return error;
        using (file)
        {
            error = Sys.FAllocate(file, (int)input.Mode, (long)input.Offset, (long)input.Length);
            return error == Errno.None ? DropSetIdsUntold(request, inode, file) : error;
        }
    }

    /// <inheritdoc/>
    public Errno LSeek(in FuseRequest request, in LSeekIn input, out long offset)
    {
        offset = 0;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        Errno error;
        if ((error = _access.CollectBeforeSeek(inode, input.Offset)) != Errno.None)
            return error;
        if ((error = _upper.CompletePartial(request, inode)) != Errno.None)
            return error;
        if ((error = _access.BorrowForRead(inode, out BorrowedFd file)) != Errno.None)
            return error;
        using (file)
            return Sys.LSeek(file, (long)input.Offset, input.Whence, out offset);
    }

    /// <inheritdoc/>
    public Errno CopyFileRange(in FuseRequest request, in CopyFileRangeIn input, out ulong copied)
    {
        copied = 0;
        if (_view.Inodes[request.Node] is not { } inode || _view.Inodes[input.OutputNode] is not { } output)
            return Errno.ESTALE;
        Errno error;
        if ((error = _protections.RequireUnprotected(output, _access.StopsCopy)) != Errno.None)
            return error;
        if ((error = _upper.CompletePartial(request, inode)) != Errno.None)
            return error;
        if ((error = _access.BorrowForRead(inode, out BorrowedFd source)) != Errno.None)
            return error;
        using (source)
        {
            if ((error = _upper.BorrowForWrite(request, output, out BorrowedFd target)) != Errno.None)
                return error;
            using (target)
            {
                long length = (long)Math.Min(input.Length, int.MaxValue & ~0xFFFul);
                error = Sys.CopyFileRange(
                    source, (long)input.InputOffset, target, (long)input.OutputOffset, length, out long done);
                copied = (ulong)done;
                return error == Errno.None ? DropSetIdsUntold(request, output, target) : error;
            }
        }
    }

    private Errno TruncateOpened(in FuseRequest request, Inode inode, bool killSetIds)
    {
        if (inode.Open is not { } open || !open.TryBorrowForWrite(out BorrowedFd file))
            return Errno.EBADF;
        using (file)
        {
            _view.Owners.DropEscapedCapability(file, Name.Empty);
            Errno error = Sys.FTruncate(file, 0);
            return error == Errno.None && killSetIds ? _view.Owners.DropSetIds(request, file) : error;
        }
    }

    /// <summary>
    /// Takes set-uid and set-gid from a written file (<see cref="Ownership.DropSetIds"/>). The kernel believes that this was done before,
    /// or cannot ask for it, so it learns of the new mode.
    /// </summary>
    private Errno DropSetIdsAfter(in FuseRequest request, Inode inode, Fd file)
    {
        Errno error;
        if ((error = Sys.FStatx(file, out Statx stat, StatxMask.Mode)) != Errno.None)
            return error;
        if (!_view.Owners.MayHaveSetIds(stat))
            return Errno.None;
        error = _view.Owners.DropSetIds(request, file);
        _view.Kernel.InvalidateAttributes(inode);
        return error;
    }

    /// <summary>
    /// Takes set-uid and set-gid from a file if the kernel did not ask for it. It did not if the daemon has refused that without knowing of
    /// the open (<see cref="MayClearSetIds"/>). Before an fallocate it asks from Linux 6.1 on.
    /// </summary>
    private Errno DropSetIdsUntold(in FuseRequest request, Inode inode, Fd file) =>
        (_access.ChangesDropSetIds || _isAllocationUntold) && !CallerProcess.MayKeepSetIds(request)
            ? DropSetIdsAfter(request, inode, file)
            : Errno.None;
}
