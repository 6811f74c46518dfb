using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// Open files. The real descriptors belong to the inode, not to the handle: one made read-only before a copy-up reads what is written
/// after it, and the page cache is one for all.
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <inheritdoc/>
    public Errno Open(in FuseRequest request, in OpenIn input, out OpenOut opened)
    {
        opened = default;
        if (_isStateless)
            return Errno.ENOSYS; // the kernel never asks again (fuse_conn.no_open)
        if (_inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        bool truncate = (input.Flags & OpenFlags.Truncate) != 0;
        bool write = (input.Flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly || truncate;
        if (write && RequireWritable(inode, input.Flags) is not Errno.None and var kept)
            return kept;
        bool isBelow = write && !inode.HasUpper;
        if (write && EnsureUpper(request, inode, truncate ? 0 : long.MaxValue) is not Errno.None and var error)
            return error;
        if (isBelow)
            InvalidateAttributes(inode); // the copy has a time of change of its own
        if (AcquireOpen(inode, write) is not Errno.None and var failed)
            return failed;
        opened = OpenReply(inode, input.Flags);
        if (!truncate)
            return Errno.None;
        bool killSetIds = (input.RequestFlags & OpenRequestFlags.KillSuidGid) != 0;
        error = TruncateOpened(request, inode, killSetIds);
        if (error != Errno.None)
            ReleaseOpen(inode);
        else if (killSetIds)
            InvalidateAttributes(inode); // the kernel asks again for size and times only (fuse_truncate_update_attr)
        return error;
    }

    /// <inheritdoc/>
    public Errno Release(in FuseRequest request, in ReleaseIn input)
    {
        if (_inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        ReleaseOpen(inode);
        return Errno.None;
    }

    /// <inheritdoc/>
    public Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
    {
        count = 0;
        if (_inodes[request.Node] is { Partial: { } partial } && partial.Read(data, (long)input.Offset, out count) is not Errno.ESTALE and var done)
            return done;
        if (BorrowOpen(request.Node, out BorrowedFd file) is not Errno.None and var closed)
            return closed;
        using (file)
        {
            while (count < data.Length)
            {
                Errno error = Sys.PRead(file, data[count..], (long)input.Offset + count, out int read);
                count += read;
                if (error != Errno.None || read == 0)
                    return error; // a short answer would mean the end of the file
            }
            return Errno.None;
        }
    }

    /// <inheritdoc/>
    public Errno Write(in FuseRequest request, in WriteIn input, ReadOnlySpan<byte> data, out int count)
    {
        count = 0;
        if (_inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (_isStateless && RequireWritable(inode, input.Flags & OpenFlags.Append) is not Errno.None and var kept)
            return kept;
        if (!inode.HasUpper && EnsureChangeable(request, inode) is not Errno.None and var unready)
            return unready;
        if (inode.Partial is { } partial && WriteTo(partial, request, input, data, out count) is not Errno.ESTALE and var done)
            return done;
        if (BorrowWritable(request, request.Node, out BorrowedFd file) is not Errno.None and var closed)
            return closed;
        using (file)
        {
            using var noted = new NotedWrite(_isWriteBack ? NoteTimeBefore(inode, file) : null);
            if ((input.WriteFlags & WriteFlags.Cache) != 0)
            {
                count = data.Length;
                return WriteStored(inode, file, data, (long)input.Offset);
            }
            DropEscapedCapability(file, Name.Empty);
            if (WriteAll(file, data, (long)input.Offset, out count) is not Errno.None and var error)
                return count > 0 ? Errno.None : error;
            return (input.WriteFlags & WriteFlags.KillSuidGid) != 0 ? DropSetIdsAfter(request, inode, file) : Errno.None;
        }
    }

    /// <summary>Counts what was written before an error, too.</summary>
    private static Errno WriteAll(Fd file, ReadOnlySpan<byte> data, long offset, out int count)
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

    private Errno WriteTo(PartialCopy partial, in FuseRequest request, in WriteIn input, ReadOnlySpan<byte> data, out int count)
    {
        if (partial.Write(data, (long)input.Offset, out count) is not Errno.None and var error)
            return error;
        if ((input.WriteFlags & WriteFlags.Cache) != 0 && count < data.Length)
            return Errno.ENOSPC; // nobody looks at the count of what was stored before (fuse_writepage_end)
        if ((input.WriteFlags & WriteFlags.KillSuidGid) == 0 || !partial.TryBorrow(out BorrowedFd copy))
            return Errno.None;
        using (copy)
            return DropSetIds(request, copy);
    }

    /// <inheritdoc/>
    public Errno FSync(in FuseRequest request, in FSyncIn input)
    {
        if (_inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (FinishPartial(request, inode) is not Errno.None and var unfinished)
            return unfinished;
        if (!inode.HasUpper || !_options.Syncs)
            return Errno.None; // nothing of ours can be dirty (ovl_fsync)
        if (inode.Data is not null)
            return (input.Flags & FSyncFlags.DataOnly) != 0 ? Errno.None : SyncMetacopy(inode);
        if (BorrowOpen(request.Node, out BorrowedFd file) is not Errno.None and var closed)
            return closed;
        using (file)
            return Sys.FSync(file, (input.Flags & FSyncFlags.DataOnly) != 0 && _options.Fsync != FsyncMode.Strict);
    }

    /// <summary>Its data are below, where nothing is to be synced (and EROFS answers EINVAL); its attributes are in the upper.</summary>
    private Errno SyncMetacopy(Inode inode)
    {
        if (_files.Open(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd opened) is not Errno.None and var error)
            return error;
        using var metacopy = new ScopedFd(opened);
        return Sys.FSync(metacopy);
    }

    /// <inheritdoc/>
    public Errno FAllocate(in FuseRequest request, in FAllocateIn input)
    {
        if (_inodes[request.Node] is { } inode && RequireAllocatable(inode, input.Mode) is not Errno.None and var kept)
            return kept;
        if (BorrowWritable(request, request.Node, out BorrowedFd file) is not Errno.None and var closed)
            return closed;
        using (file)
        {
            Errno error = Sys.FAllocate(file, (int)input.Mode, (long)input.Offset, (long)input.Length);
            return error == Errno.None ? DropSetIdsUntold(request, request.Node, file) : error;
        }
    }

    /// <inheritdoc/>
    public Errno LSeek(in FuseRequest request, in LSeekIn input, out long offset)
    {
        offset = 0;
        if (_isWriteBack && !TryCollect(request.Node, input.Offset))
            return Errno.ENOSYS; // from now on the kernel takes every file for data without holes
        if (FinishPartial(request, _inodes[request.Node]) is not Errno.None and var unfinished)
            return unfinished;
        if (BorrowOpen(request.Node, out BorrowedFd file) is not Errno.None and var closed)
            return closed;
        using (file)
            return Sys.LSeek(file, (long)input.Offset, input.Whence, out offset);
    }

    /// <inheritdoc/>
    public Errno CopyFileRange(in FuseRequest request, in CopyFileRangeIn input, out ulong copied)
    {
        copied = 0;
        Protection by = _isStateless ? Protection.Any : Protection.Immutable; // an open for writing was refused
        if (_inodes[input.OutputNode] is { } output && RequireUnprotected(output, by) is not Errno.None and var kept)
            return kept;
        if (FinishPartial(request, _inodes[request.Node]) is not Errno.None and var unfinished)
            return unfinished;
        if (BorrowOpen(request.Node, out BorrowedFd source) is not Errno.None and var closed)
            return closed;
        using (source)
        {
            if (BorrowWritable(request, input.OutputNode, out BorrowedFd target) is not Errno.None and var shut)
                return shut;
            using (target)
            {
                long length = (long)Math.Min(input.Length, int.MaxValue & ~0xFFFul);
                Errno error = Sys.CopyFileRange(
                    source, (long)input.InputOffset, target, (long)input.OutputOffset, length, out long done);
                copied = (ulong)done;
                return error == Errno.None ? DropSetIdsUntold(request, input.OutputNode, target) : error;
            }
        }
    }

    private Errno TruncateOpened(in FuseRequest request, Inode inode, bool killSetIds)
    {
        if (inode.Open is not { } open || !open.TryBorrowForWrite(out BorrowedFd file))
            return Errno.EBADF;
        using (file)
        {
            DropEscapedCapability(file, Name.Empty);
            Errno error = Sys.FTruncate(file, 0);
            return error == Errno.None && killSetIds ? DropSetIds(request, file) : error;
        }
    }
}
