using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// The descriptors behind open files. They belong to the inode, not to the FUSE handle; with <see cref="IoMode.Stateless"/> there are no
/// handles at all: a descriptor is opened by the first READ or WRITE that needs it, and closed when others need the room.
/// </summary>
public sealed partial class OverlayFileSystem
{
    private readonly FileCache _idleFiles;

    private readonly DescriptorReserve _reserve;

    private bool _isStateless;

    private static FileCache CacheOf(LayerStack layers)
    {
        int capacity = (int)Math.Clamp(Sys.OpenFilesLimit / 4, 8, 1024);
        return new FileCache(new FileClosers(layers, mostWaiting: capacity / 4), capacity);
    }

    /// <summary>One more open of an inode: gives it the descriptors that it lacks.</summary>
    /// <returns>ESTALE when it was left behind: the VFS looks its name up again. ENFILE when clients hold all the files that they may.</returns>
    private Errno AcquireOpen(Inode inode, bool write)
    {
        lock (OpenLockOf(inode))
        {
            OpenFile open = inode.Open ?? new OpenFile();
            if (IsOvertaken(inode, open))
                LeaveBehind(inode);
            if (inode.IsLeftBehind)
                return Errno.ESTALE;
            bool isFirst = open.Count == 0;
            if (isFirst && !_reserve.TryOpen())
                return Errno.ENFILE;
            Errno error = AcquireOpen(inode, open, write);
            if (isFirst && error != Errno.None)
                _reserve.Close();
            return error;
        }
    }

    private Errno AcquireOpen(Inode inode, OpenFile open, bool write)
    {
        bool has = write ? open.TryBorrowForWrite(out BorrowedFd known) : open.TryBorrowForRead(out known);
        known.Dispose();
        if (!has && (write || !OpensLate(inode)))
        {
            Errno error = write ? OpenForWriting(inode, open, out Fd fd) : _files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out fd);
            if (error != Errno.None)
                return error;
            open.Set(new SafeFd(fd), write);
        }
        CountOpen(inode, open);
        return Errno.None;
    }

    /// <summary>Opens the real file for reading and writing; one that has chattr +a itself, set by who has the upper, for appending.</summary>
    private Errno OpenForWriting(Inode inode, OpenFile open, out Fd fd)
    {
        const OpenFlags access = OpenFlags.ReadWrite | OpenFlags.NonBlock;
        Errno error = _files.OpenData(inode, access, out fd);
        open.OnlyAppends = error == Errno.EPERM;
        return open.OnlyAppends ? _files.OpenData(inode, access | OpenFlags.Append, out fd) : error;
    }

    /// <summary>The descriptor of a file that was just made.</summary>
    /// <param name="inode">The file.</param>
    /// <param name="writable">The descriptor; owned from here on.</param>
    /// <param name="hasHandle">A RELEASE will come; the caller has asked <see cref="_reserve"/> for it.</param>
    private void AddOpen(Inode inode, Fd writable, bool hasHandle)
    {
        lock (OpenLockOf(inode))
        {
            OpenFile open = inode.Open ?? new OpenFile();
            SafeFd file = hasHandle || open.Count > 0 ? new SafeFd(writable) : _idleFiles.Own(writable);
            open.Set(file, writable: true);
            if (hasHandle && open.Count > 0)
                _reserve.Close(); // somebody has opened it already
            if (hasHandle)
                CountOpen(inode, open);
            inode.Open = open;
            if (open.Count == 0)
                _idleFiles.Add(open, file);
        }
    }

    private void CountOpen(Inode inode, OpenFile open)
    {
        if (open.Count == 0)
            Back(inode, open);
        open.Count++;
        inode.Open = open;
    }

    private void ReleaseOpen(Inode inode)
    {
        lock (OpenLockOf(inode))
        {
            if (inode.Open is not { Count: > 0 } open || --open.Count > 0)
                return;
            inode.Open = null;
            SettleTime(open);
            open.Close();
            _reserve.Close();
        }
    }

    /// <summary>After a copy-up: who has the file open reads the copy from here on.</summary>
    internal void RefreshOpen(Inode inode)
    {
        lock (OpenLockOf(inode)) // an open may just have found the lower file
        {
            if (inode.Open is { Backing: not null } backed)
            {
                if (IsOvertaken(inode, backed))
                    LeaveBehind(inode);
                return; // what is open stays what it is
            }
            if (inode.Open is { } open && (open.Count == 0 || OpenAgain(inode, open) != Errno.None))
                open.Close(); // rather nothing than old data: the next read tries again
        }
    }

    /// <summary>The descriptor for reading an inode that is open.</summary>
    private Errno BorrowOpen(NodeId node, out BorrowedFd file)
    {
        file = default;
        if (_inodes[node] is not { } inode)
            return Errno.ESTALE;
        return inode.Open is { } open && open.TryBorrowForRead(out file) ? Errno.None : OpenNow(inode, write: false, out file);
    }

    /// <summary>The descriptor for writing an inode that is open; what lower layers have is copied up.</summary>
    private Errno BorrowWritable(in FuseRequest request, NodeId node, out BorrowedFd file)
    {
        file = default;
        if (_inodes[node] is not { } inode)
            return Errno.ESTALE;
        if (inode.Open is { } open && open.TryBorrowForWrite(out file))
            return Errno.None;
        if (!_isStateless && inode.Open is null)
            return Errno.EBADF;
        if (EnsureUpper(request, inode) is not Errno.None and var error)
            return error;
        return OpenNow(inode, write: true, out file);
    }

    /// <summary>Opens the real file that a request needs.</summary>
    /// <returns>EBADF when there are handles and none is open.</returns>
    private Errno OpenNow(Inode inode, bool write, out BorrowedFd file)
    {
        file = default;
        if (!_isStateless && inode.Open is null)
            return Errno.EBADF;
        lock (OpenLockOf(inode))
        {
            OpenFile open = inode.Open ?? new OpenFile();
            while (!(write ? open.TryBorrowForWrite(out file) : open.TryBorrowForRead(out file)))
            {
                Errno error = OpenAgain(inode, open);
                if (error != Errno.None)
                    return error;
                if (write && !open.IsWritable)
                    return Errno.EPERM;
            }
            inode.Open = open;
            return Errno.None;
        }
    }

    private Errno OpenAgain(Inode inode, OpenFile open)
    {
        bool writable = inode.HasUpper && inode.Data is null;
        Errno error = writable ? OpenForWriting(inode, open, out Fd fd) : _files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out fd);
        if (error is Errno.EACCES or Errno.EPERM && writable) // a daemon without CAP_DAC_OVERRIDE, a file that its owner may not write; chattr +i
        {
            writable = false;
            error = _files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out fd);
        }
        if (error != Errno.None)
            return error;
        SafeFd file = open.Count > 0 ? new SafeFd(fd) : _idleFiles.Own(fd);
        open.Set(file, writable);
        if (open.Count == 0)
            _idleFiles.Add(open, file);
        return Errno.None;
    }

    /// <summary>Of the inode alone: it is held while a layer opens or closes the file, which may take for ever.</summary>
    private static object OpenLockOf(Inode inode) => inode.OpenLock;
}
