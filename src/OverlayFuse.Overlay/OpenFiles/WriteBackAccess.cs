using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// writeback=1: the kernel takes written data into its page cache and sends them later (FUSE_WRITEBACK_CACHE).
/// OPEN and READ: as in <see cref="HandleAccess"/>. write(2): no message. The kernel sends many of them as one WRITE, which is one
/// pwrite(2); the first WRITE after an open also reads the file's time. RELEASE: a SETATTR of the time comes before it, and the last one
/// may set the time again. Size and times of a regular file that the kernel knows are its own: it tells them, and ignores answers about
/// them (fuse_get_cache_mask). The daemon cannot refuse data that the kernel has taken. So opens are requests, which check and copy up
/// before.
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="descriptors">The descriptors of inodes.</param>
/// <param name="caching">The caching that the options allow.</param>
internal sealed class WriteBackAccess(MergedView view, OpenDescriptors descriptors, KernelCaching caching)
    : HandleAccess(view, descriptors, caching)
{
    private const SetAttrValid KernelTimes = SetAttrValid.Mtime | SetAttrValid.Ctime;

    /// <summary>A part of the workers (<see cref="FuseSessionOptions.MaxWorkers"/>).</summary>
    private const int MostCollecting = 8;

    private int _collecting;

    /// <summary>A file that only appends is not cached: the kernel stores whole pages, with the old data in them.</summary>
    public override OpenOut ReplyTo(Inode inode, OpenFlags flags)
    {
        OpenOut reply = base.ReplyTo(inode, flags);
        if (inode.Open is { OnlyAppends: true })
            reply.Flags |= OpenReplyFlags.DirectIo;
        return reply;
    }

    /// <summary>
    /// Makes the kernel send the data that it holds of a file. LSEEK does not (fuse_lseek), and would find holes in place of data. The
    /// WRITEs come to other workers, so only a few requests may wait for them.
    /// </summary>
    public override Errno CollectBeforeSeek(Inode inode, ulong from)
    {
        // The close of a writer has sent its data.
        if (inode is not { Open.IsWritable: true })
            return Errno.None;
        bool mayWait = Interlocked.Increment(ref _collecting) <= MostCollecting;
        // Locks pages, not the inode, which the caller of lseek(2) has locked.
        if (mayWait)
            View.Kernel.InvalidateData(inode, (long)from);
        _ = Interlocked.Decrement(ref _collecting);
        return mayWait ? Errno.None : Errno.ENOSYS;
    }

    /// <summary>
    /// The kernel also writes back the times of a file that it only linked, renamed or unlinked. That is no reason to copy up.
    /// </summary>
    public override bool HasTimesAlready(Inode inode, in SetAttrIn input)
    {
        if (inode.HasUpper || (input.Valid & ~SetAttrValid.Handle) != KernelTimes || View.Files.Statx(inode, out Statx stat) != Errno.None)
            return false;
        return stat.Mtime.ToTimeSpec() == new TimeSpec((long)input.Mtime, input.MtimeNsec);
    }

    public override bool IsTimeOfChange(in SetAttrIn input) =>
        (input.Valid & KernelTimes) == KernelTimes
        && ((input.Valid & SetAttrValid.Size) != 0 || (input.Mtime == input.Ctime && input.MtimeNsec == input.CtimeNsec));

    /// <summary>
    /// A WRITE leaves the file with the time at which it came. The kernel's own time, which it shows, comes by SETATTR before or after the
    /// WRITE. It does not come if it is the time that the file had before. So that time is kept too. The last close sets the time that was
    /// told last once more.
    /// </summary>
    public override NotedWrite BeginWrite(Inode inode, Fd file)
    {
        if (inode.Open is not { KnowsTime: false } open)
            return new NotedWrite(inode.Open);
        lock (inode.OpenLock)
        {
            if (!open.KnowsTime && Sys.FStatx(file, out Statx stat) == Errno.None)
                open.ToldTime = stat.Mtime.ToTimeSpec();
            return new NotedWrite(open);
        }
    }

    public override void NoteTime(Inode inode, in SetAttrIn input)
    {
        if ((input.Valid & SetAttrValid.Mtime) == 0)
            return;
        lock (inode.OpenLock)
        {
            if (inode.Open is not { } open)
                return;
            open.ToldTime = new TimeSpec((long)input.Mtime, input.MtimeNsec);
            open.IsWrittenSince = false;
        }
    }

    /// <summary>Sets the told time again if a WRITE came after it.</summary>
    protected override void LastClosing(OpenFile open)
    {
        if (!open.IsWrittenSince || open.ToldTime is not { } time || !open.TryBorrowForWrite(out BorrowedFd file))
            return;
        // EPERM: another user's file has the time at which it was written.
        using (file)
            _ = Sys.UTimeNsAt(file, Name.Empty, TimeSpec.Omit, time);
    }
}
