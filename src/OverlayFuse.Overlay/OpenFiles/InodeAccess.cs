using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// The descriptors behind open files. They belong to the inode, not to the FUSE handle; with <see cref="IoMode.Stateless"/> there are no
/// handles at all: a descriptor is opened by the first READ or WRITE that needs it, and closed when others need the room.
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="idleFiles">Files that nobody told us to be open.</param>
internal sealed partial class InodeAccess(MergedView view, FileCache idleFiles)
{
    private bool _isStateless;

    /// <summary>No open is told: see <see cref="IoMode.Stateless"/>.</summary>
    public bool IsStateless => _isStateless;

    /// <summary>See <see cref="InodeAccess"/>.WriteBack.</summary>
    public bool IsWriteBack => _isWriteBack;

    /// <summary>What io= has come to, from INIT on.</summary>
    public IoMode EffectiveIo => _isStateless ? IoMode.Stateless : _backingFiles is not null ? IoMode.Passthrough : IoMode.Open;

    /// <summary>The kernel reads files itself, which it can of one real file only: no copy is made little by little.</summary>
    public bool PassesThrough => _backingFiles is not null;

    /// <summary>One more open of an inode: gives it the descriptors that it lacks.</summary>
    /// <returns>ESTALE when it was left behind: the VFS looks its name up again. ENFILE when clients hold all the files that they may.</returns>
    public Errno AcquireOpen(Inode inode, bool write)
    {
        lock (OpenLockOf(inode))
        {
            OpenFile open = inode.Open ?? new OpenFile();
            if (IsOvertaken(inode, open))
                LeaveBehind(inode);
            if (inode.IsLeftBehind)
                return Errno.ESTALE;
            bool isFirst = open.Count == 0;
            if (isFirst && !view.Reserve.TryOpen())
                return Errno.ENFILE;
            Errno error = AcquireOpen(inode, open, write);
            if (isFirst && error != Errno.None)
                view.Reserve.Close();
            return error;
        }
    }

    private Errno AcquireOpen(Inode inode, OpenFile open, bool write)
    {
        bool has = write ? open.TryBorrowForWrite(out BorrowedFd known) : open.TryBorrowForRead(out known);
        known.Dispose();
        if (!has && (write || !OpensLate(inode)))
        {
            Errno error = write ? OpenForWriting(inode, open, out Fd fd) : view.Files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out fd);
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
        Errno error = view.Files.OpenData(inode, access, out fd);
        open.OnlyAppends = error == Errno.EPERM;
        return open.OnlyAppends ? view.Files.OpenData(inode, access | OpenFlags.Append, out fd) : error;
    }

    /// <summary>The descriptor of a file that was just made.</summary>
    /// <param name="inode">The file.</param>
    /// <param name="writable">The descriptor; owned from here on.</param>
    /// <param name="hasHandle">A RELEASE will come; the caller has asked <see cref="DescriptorReserve"/> for it.</param>
    public void AddOpen(Inode inode, Fd writable, bool hasHandle)
    {
        lock (OpenLockOf(inode))
        {
            OpenFile open = inode.Open ?? new OpenFile();
            SafeFd file = hasHandle || open.Count > 0 ? new SafeFd(writable) : idleFiles.Own(writable);
            open.Set(file, writable: true);
            if (hasHandle && open.Count > 0)
                view.Reserve.Close(); // somebody has opened it already
            if (hasHandle)
                CountOpen(inode, open);
            inode.Open = open;
            if (open.Count == 0)
                idleFiles.Add(open, file);
        }
    }

    private void CountOpen(Inode inode, OpenFile open)
    {
        if (open.Count == 0)
            Back(inode, open);
        open.Count++;
        inode.Open = open;
    }

    public void ReleaseOpen(Inode inode)
    {
        lock (OpenLockOf(inode))
        {
            if (inode.Open is not { Count: > 0 } open || --open.Count > 0)
                return;
            inode.Open = null;
            SettleTime(open);
            open.Close();
            view.Reserve.Close();
        }
    }

    /// <summary>After a copy-up: who has the file open reads the copy from here on.</summary>
    public void RefreshOpen(Inode inode)
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
    public Errno BorrowOpen(NodeId node, out BorrowedFd file)
    {
        file = default;
        if (view.Inodes[node] is not { } inode)
            return Errno.ESTALE;
        return inode.Open is { } open && open.TryBorrowForRead(out file) ? Errno.None : OpenNow(inode, write: false, out file);
    }

    /// <summary>The descriptor for writing an inode that is open already, if there is one.</summary>
    /// <returns>EBADF when there are handles and none is open; EAGAIN if <see cref="OpenNow"/> must open it, after a copy-up.</returns>
    public Errno BorrowWritable(Inode inode, out BorrowedFd file)
    {
        file = default;
        if (inode.Open is { } open && open.TryBorrowForWrite(out file))
            return Errno.None;
        return !_isStateless && inode.Open is null ? Errno.EBADF : Errno.EAGAIN;
    }

    /// <summary>Opens the real file that a request needs.</summary>
    /// <returns>EBADF when there are handles and none is open.</returns>
    public Errno OpenNow(Inode inode, bool write, out BorrowedFd file)
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
        Errno error = writable ? OpenForWriting(inode, open, out Fd fd) : view.Files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out fd);
        if (error is Errno.EACCES or Errno.EPERM && writable) // a daemon without CAP_DAC_OVERRIDE, a file that its owner may not write; chattr +i
        {
            writable = false;
            error = view.Files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out fd);
        }
        if (error != Errno.None)
            return error;
        SafeFd file = open.Count > 0 ? new SafeFd(fd) : idleFiles.Own(fd);
        open.Set(file, writable);
        if (open.Count == 0)
            idleFiles.Add(open, file);
        return Errno.None;
    }

    /// <summary>Of the inode alone: it is held while a layer opens or closes the file, which may take for ever.</summary>
    public static object OpenLockOf(Inode inode) => inode.OpenLock;

    /// <summary>
    /// Holds an upper inode whose name is about to go, so that whoever has it open can go on. Under the lock of its names. Where the reserve is
    /// used up too, what nobody reads or writes is let go: its attributes can no longer be asked for.
    /// </summary>
    /// <returns>ENFILE where somebody may have it open, and the reserve is used up.</returns>
    public Errno Pin(Inode? inode, Fd upper, Name name)
    {
        if (inode is null || inode.Pinned is not null)
            return Errno.None;
        if (!view.Reserve.HasRoom)
            return inode.Type == FileType.Regular && (_isStateless || inode.Open is not null) ? Errno.ENFILE : Errno.None;
        if (Sys.OpenAt(upper, name, OpenFlags.Path | OpenFlags.NoFollow, out Fd opened) is not Errno.None and var error)
            return error;
        inode.Pinned = new SafeFd(opened);
        return Errno.None;
    }

    /// <summary>Lets go of <see cref="Pin"/>: the name did not go, or another is known.</summary>
    public static void Unpin(Inode inode)
    {
        if (inode.IsLeftBehind)
            return;
        SafeFd? pinned = inode.Pinned;
        inode.Pinned = null;
        pinned?.Release();
    }
}
