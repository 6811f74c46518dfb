using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// io=open: each open is a request, and an open for writing copies up, as in the kernel's overlayfs.
/// OPEN: one message, one openat(2) for the first reader and one for the first writer of an inode. READ: one message, one pread(2).
/// WRITE: one message, one pwrite(2). RELEASE: one message that no caller waits for; the last one is a close(2).
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="descriptors">The descriptors of inodes.</param>
/// <param name="caching">The caching that the options allow.</param>
internal class HandleAccess(MergedView view, OpenDescriptors descriptors, KernelCaching caching) : IFileAccess
{
    protected MergedView View => view;

    protected OpenDescriptors Descriptors => descriptors;

    protected KernelCaching Caching => caching;

    public virtual IoMode EffectiveIo => IoMode.Open;

    public Errno RequireHandles() => Errno.None;

    public Errno Open(Inode inode, OpenFlags flags, out OpenOut opened)
    {
        opened = default;
        bool write = (flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly || (flags & OpenFlags.Truncate) != 0;
        lock (inode.OpenLock)
        {
            Errno error;
            OpenFile open = inode.Open ?? new OpenFile();
            if ((error = RequireCurrent(inode, open)) != Errno.None)
                return error;
            bool isFirst = open.Count == 0;
            if (isFirst && !view.Reserve.TryOpen())
                return Errno.ENFILE;
            if ((error = AddDescriptor(inode, open, write)) != Errno.None)
            {
                if (isFirst)
                    view.Reserve.Close();
                return error;
            }
            CountOpen(inode, open);
        }
        opened = ReplyTo(inode, flags);
        return Errno.None;
    }

    private Errno AddDescriptor(Inode inode, OpenFile open, bool write)
    {
        bool has = write ? open.TryBorrowForWrite(out BorrowedFd known) : open.TryBorrowForRead(out known);
        known.Dispose();
        if (has || (!write && OpensLate(inode)))
            return Errno.None;
        Errno error = write ? descriptors.OpenForWriting(inode, open, out Fd fd) : descriptors.OpenForReading(inode, out fd);
        if (error == Errno.None)
            open.Set(new SafeFd(fd), write);
        return error;
    }

    private void CountOpen(Inode inode, OpenFile open)
    {
        if (open.Count == 0)
            FirstOpened(inode, open);
        open.Count++;
        inode.Open = open;
    }

    /// <summary>Checks that a new open may join those of the inode. Under the open lock.</summary>
    protected virtual Errno RequireCurrent(Inode inode, OpenFile open) => Errno.None;

    /// <summary>True if an open for reading opens nothing before the first READ.</summary>
    protected virtual bool OpensLate(Inode inode) => false;

    /// <summary>The first open of an inode has its descriptor. Under the open lock.</summary>
    protected virtual void FirstOpened(Inode inode, OpenFile open)
    {
    }

    /// <summary>The last open of an inode ends; the descriptor is still open. Under the open lock.</summary>
    protected virtual void LastClosing(OpenFile open)
    {
    }

    public virtual OpenOut ReplyTo(Inode inode, OpenFlags flags) => new() { Flags = caching.OpenReply };

    public void Release(Inode inode)
    {
        lock (inode.OpenLock)
        {
            if (inode.Open is not { Count: > 0 } open || --open.Count > 0)
                return;
            LastClosing(open);
            descriptors.Drop(inode, open);
        }
    }

    public bool KeepsMadeNodes => false;

    public void AddMade(Inode inode, Fd writable)
    {
        lock (inode.OpenLock)
            CountOpen(inode, descriptors.AddHeld(inode, writable));
    }

    public void AddUnnamed(Inode inode, Fd writable) => AddMade(inode, writable);

    public virtual void FollowRealFile(Inode inode)
    {
        // An open may just have found the lower file.
        lock (inode.OpenLock)
            descriptors.OpenAgainIfHeld(inode);
    }

    public Errno BorrowForRead(Inode inode, out BorrowedFd file)
    {
        file = default;
        if (inode.Open is not { } open)
            return Errno.EBADF;
        return open.TryBorrowForRead(out file) ? Errno.None : descriptors.Open(inode, write: false, out file);
    }

    public Errno BorrowForWrite(Inode inode, out BorrowedFd file)
    {
        file = default;
        if (inode.Open is not { } open)
            return Errno.EBADF;
        return open.TryBorrowForWrite(out file) ? Errno.None : Errno.EAGAIN;
    }

    public Errno OpenForWrite(Inode inode, out BorrowedFd file)
    {
        file = default;
        return inode.Open is null ? Errno.EBADF : descriptors.Open(inode, write: true, out file);
    }

    public Errno Pin(Inode? inode, Fd upper, Name name) => descriptors.Pin(inode, upper, name, mayBeOpen: inode?.Open is not null);

    public virtual NotedWrite BeginWrite(Inode inode, Fd file) => default;

    public virtual Errno CollectBeforeSeek(Inode inode, ulong from) => Errno.None;

    public virtual bool AllowsPartialCopies => true;

    public virtual Validity AttributeValidityOf(Inode inode) => caching.Attributes;

    public virtual void AttributesChanged(Inode inode)
    {
    }

    public Protection StopsWrite(OpenFlags flags) => Protection.None;

    /// <summary>chattr +a has refused the open of a descriptor that does not append.</summary>
    public Protection StopsCopy => Protection.Immutable;

    public bool IsOpenForWriting(Inode inode) => inode.Open is { IsWritable: true };

    public bool MayBeWritingUntold(in FuseRequest request, Inode inode, in Statx stat) => false;

    public bool ChangesDropSetIds => false;

    public bool IsTruncationByPath(in SetAttrIn input) => (input.Valid & SetAttrValid.Handle) == 0;

    public virtual bool HasTimesAlready(Inode inode, in SetAttrIn input) => false;

    public virtual bool IsTimeOfChange(in SetAttrIn input) => false;

    public virtual void NoteTime(Inode inode, in SetAttrIn input)
    {
    }
}
