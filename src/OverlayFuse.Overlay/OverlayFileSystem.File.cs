using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Open files. The real descriptors belong to the inode, not to the handle: one made read-only before a copy-up reads what is written
/// after it, and the page cache is one for all.
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>Only we change the layers, so what the kernel has cached stays true; unless nothing may be cached.</summary>
    private const int OpenLocks = 64;

    private readonly Lock[] _openLocks = [.. Enumerable.Range(0, OpenLocks).Select(_ => new Lock())];

    /// <inheritdoc/>
    public Errno Open(in FuseRequest request, in OpenIn input, out OpenOut opened)
    {
        opened = new OpenOut { Flags = FileReplyFlags };
        if (_inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        bool truncate = (input.Flags & OpenFlags.Truncate) != 0;
        bool write = (input.Flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly || truncate;
        if (write && EnsureUpper(request, inode, truncate ? 0 : long.MaxValue) is not Errno.None and var error)
            return error;
        if (AcquireOpen(inode, write, (input.Flags & OpenFlags.Append) != 0) is not Errno.None and var failed)
            return failed;
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
        if (BorrowOpen(request.Node, out BorrowedFd file) is not Errno.None and var closed)
            return closed;
        using (file)
        {
            while (count < data.Length)
            {
                Errno error = Sys.PRead(file, data[count..], (long)input.Offset + count, out int read);
                count += read;
                if (error != Errno.None || read == 0)
                    return count > 0 ? Errno.None : error;
            }
            return Errno.None;
        }
    }

    /// <inheritdoc/>
    public Errno Write(in FuseRequest request, in WriteIn input, ReadOnlySpan<byte> data, out int count)
    {
        count = 0;
        if (BorrowWritable(request.Node, out BorrowedFd file) is not Errno.None and var closed)
            return closed;
        using (file)
        {
            DropEscapedCapability(file, Name.Empty);
            while (count < data.Length)
            {
                Errno error = Sys.PWrite(file, data[count..], (long)input.Offset + count, out int written);
                count += written;
                if (error != Errno.None)
                    return count > 0 ? Errno.None : error;
            }
            return (input.WriteFlags & WriteFlags.KillSuidGid) != 0 ? DropSetIds(request, file) : Errno.None;
        }
    }

    /// <inheritdoc/>
    public Errno FSync(in FuseRequest request, in FSyncIn input)
    {
        if (_inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (!inode.HasUpper || !_options.Syncs)
            return Errno.None; // nothing of ours can be dirty (ovl_fsync)
        if (BorrowOpen(request.Node, out BorrowedFd file) is not Errno.None and var closed)
            return closed;
        using (file)
            return Sys.FSync(file, (input.Flags & FSyncFlags.DataOnly) != 0);
    }

    /// <inheritdoc/>
    public Errno FAllocate(in FuseRequest request, in FAllocateIn input)
    {
        if (BorrowWritable(request.Node, out BorrowedFd file) is not Errno.None and var closed)
            return closed;
        using (file)
            return Sys.FAllocate(file, (int)input.Mode, (long)input.Offset, (long)input.Length);
    }

    /// <inheritdoc/>
    public Errno LSeek(in FuseRequest request, in LSeekIn input, out long offset)
    {
        offset = 0;
        if (BorrowOpen(request.Node, out BorrowedFd file) is not Errno.None and var closed)
            return closed;
        using (file)
            return Sys.LSeek(file, (long)input.Offset, input.Whence, out offset);
    }

    /// <inheritdoc/>
    public Errno CopyFileRange(in FuseRequest request, in CopyFileRangeIn input, out ulong copied)
    {
        copied = 0;
        if (BorrowOpen(request.Node, out BorrowedFd source) is not Errno.None and var closed)
            return closed;
        using (source)
        {
            if (BorrowWritable(input.OutputNode, out BorrowedFd target) is not Errno.None and var shut)
                return shut;
            using (target)
            {
                long length = (long)Math.Min(input.Length, int.MaxValue & ~0xFFFul);
                Errno error = Sys.CopyFileRange(
                    source, (long)input.InputOffset, target, (long)input.OutputOffset, length, out long done);
                copied = (ulong)done;
                return error;
            }
        }
    }

    /// <summary>One more open of an inode: gives it the descriptors that it lacks.</summary>
    private Errno AcquireOpen(Inode inode, bool write, bool append)
    {
        lock (OpenLockOf(inode))
        {
            OpenFile open = inode.Open ?? new OpenFile();
            bool has = write ? open.TryBorrowForWrite(out BorrowedFd known) : open.TryBorrowForRead(out known);
            using (known)
            {
                if (has && write && IsProtected(known, append))
                    return Errno.EPERM;
            }
            if (!has)
            {
                OpenFlags access = write ? OpenFlags.ReadWrite : OpenFlags.ReadOnly;
                if (_files.OpenData(inode, access | OpenFlags.NonBlock, out Fd fd) is not Errno.None and var error)
                    return error;
                open.Set(fd, write);
            }
            open.Count++;
            inode.Open = open;
            return Errno.None;
        }
    }

    /// <summary>chattr(1)'s +i and +a, which FUSE does not tell the VFS: they forbid an open that the descriptor from before would serve.</summary>
    private static bool IsProtected(Fd file, bool append) =>
        Sys.FStatx(file, out Statx stat, StatxMask.Type) == Errno.None
        && ((stat.Attributes & StatxAttributes.Immutable) != 0 || (!append && (stat.Attributes & StatxAttributes.Append) != 0));

    /// <summary>The first open of a file that was just made.</summary>
    private void AddOpen(Inode inode, Fd writable)
    {
        lock (OpenLockOf(inode))
        {
            OpenFile open = inode.Open ?? new OpenFile();
            open.Set(writable, writable: true);
            open.Count++;
            inode.Open = open;
        }
    }

    private void ReleaseOpen(Inode inode)
    {
        lock (OpenLockOf(inode))
        {
            if (inode.Open is not { } open || --open.Count > 0)
                return;
            inode.Open = null;
            open.Close();
        }
    }

    /// <summary>After a copy-up: who has the file open reads the copy from here on.</summary>
    internal void RefreshOpen(Inode inode)
    {
        lock (OpenLockOf(inode))
        {
            if (inode.Open is { } open && OpenAgain(inode, open) != Errno.None)
                open.Close(); // rather nothing than old data: the next read tries again
        }
    }

    private Errno OpenAgain(Inode inode, OpenFile open)
    {
        bool writable = inode.HasUpper && inode.Data is null;
        OpenFlags access = writable ? OpenFlags.ReadWrite : OpenFlags.ReadOnly;
        Errno error = _files.OpenData(inode, access | OpenFlags.NonBlock, out Fd fd);
        if (error == Errno.EACCES && writable) // a daemon without CAP_DAC_OVERRIDE, a file that its owner may not write
        {
            writable = false;
            error = _files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out fd);
        }
        if (error == Errno.None)
            open.Set(fd, writable);
        return error;
    }

    /// <summary>The descriptor of an open file, for reading.</summary>
    private Errno BorrowOpen(NodeId node, out BorrowedFd file)
    {
        file = default;
        if (_inodes[node] is not { Open: { } open } inode)
            return Errno.EBADF;
        if (open.TryBorrowForRead(out file))
            return Errno.None;
        lock (OpenLockOf(inode))
        {
            Errno error = OpenAgain(inode, open);
            return error == Errno.None && !open.TryBorrowForRead(out file) ? Errno.EBADF : error;
        }
    }

    /// <summary>The descriptor of an open file, for writing.</summary>
    private Errno BorrowWritable(NodeId node, out BorrowedFd file)
    {
        file = default;
        return _inodes[node] is { Open: { } open } && open.TryBorrowForWrite(out file) ? Errno.None : Errno.EBADF;
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

    private Lock OpenLockOf(Inode inode) => _openLocks[inode.Id.Value % OpenLocks];
}
