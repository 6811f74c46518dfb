using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// writeback=1: the kernel takes what is written into its page cache and sends it later (FUSE_WRITEBACK_CACHE). Size and times of a regular file that it
/// knows are its own from then on: it tells them, and believes no answer about them (fuse_get_cache_mask). What it has taken cannot be refused any more,
/// so opens are requests: they check and copy up before.
/// </summary>
internal sealed partial class InodeAccess
{
    private const int LongestCapability = 64;

    private const SetAttrValid KernelTimes = SetAttrValid.Mtime | SetAttrValid.Ctime;

    /// <summary>A part of the workers (<see cref="FuseSessionOptions.MaxWorkers"/>).</summary>
    private const int MostCollecting = 8;

    private bool _isWriteBack;
    private int _collecting;

    private void ChooseWriteBack(FuseNegotiation session)
    {
        if (!view.IsWritable || !view.Options.WriteBack)
            return;
        session.Wanted |= InitFlags.WritebackCache;
        _isWriteBack = session.HasFeature(InitFlags.WritebackCache);
    }

    /// <summary>
    /// A WRITE of what was stored into the page cache before. Nobody looks at the number of bytes in its answer (fuse_writepage_end), so half of it is an
    /// error; and the rights of the file were dealt with when it was stored, so a capability that it has by now stays.
    /// </summary>
    public Errno WriteStored(Inode inode, Fd file, ReadOnlySpan<byte> data, long offset)
    {
        Span<byte> capability = stackalloc byte[LongestCapability];
        if (!view.Owners.WriteDropsCapability(file))
            return RealFiles.WriteAll(file, data, offset, out _);
        lock (OpenLockOf(inode)) // whoever removes it does so before or after
        {
            if (Sys.FGetXattr(file, FileCapability.Xattr, capability, out int length) != Errno.None)
                return RealFiles.WriteAll(file, data, offset, out _);
            Errno error = RealFiles.WriteAll(file, data, offset, out _);
            Errno kept = Sys.SetXattrAt(file, Name.Empty, FileCapability.Xattr, capability[..length]);
            return error == Errno.None ? kept : error;
        }
    }

    /// <summary>
    /// Has the kernel send what it holds of a file: LSEEK does not (fuse_lseek), and would find holes where data are. The WRITEs come to other workers, so
    /// only a few may wait for them.
    /// </summary>
    /// <returns>False when too many do.</returns>
    public bool TryCollect(NodeId node, ulong from)
    {
        if (view.Inodes[node] is not { Open.IsWritable: true } inode)
            return true; // what was open for writing was sent by its close
        bool mayWait = Interlocked.Increment(ref _collecting) <= MostCollecting;
        if (mayWait)
            view.Kernel.InvalidateData(inode, (long)from); // locks pages, not the inode, which the caller of lseek(2) has locked
        _ = Interlocked.Decrement(ref _collecting);
        return mayWait;
    }

    /// <summary>The kernel writes back the times of what it only linked, renamed or unlinked, too: no reason to copy up.</summary>
    public bool IsTimeThatItHas(Inode inode, in SetAttrIn input)
    {
        if (!_isWriteBack || inode.HasUpper || (input.Valid & ~SetAttrValid.Handle) != KernelTimes || view.Files.Statx(inode, out Statx stat) != Errno.None)
            return false;
        return stat.Mtime.ToTimeSpec() == new TimeSpec((long)input.Mtime, input.MtimeNsec);
    }

    /// <summary>The time at which the kernel has changed the file; utimensat(2) that says a time says another one.</summary>
    public bool IsTimeOfChange(in SetAttrIn input) =>
        _isWriteBack && (input.Valid & KernelTimes) == KernelTimes
        && ((input.Valid & SetAttrValid.Size) != 0 || (input.Mtime == input.Ctime && input.MtimeNsec == input.CtimeNsec));

    /// <summary>
    /// A WRITE leaves the file with the time at which it came. The kernel's own, which everybody is shown, comes by SETATTR, before or after it; not at all
    /// when it is the one that the file had before. So that is kept, too, and what was told last is set once more at the last close.
    /// </summary>
    public OpenFile? NoteTimeBefore(Inode inode, Fd file)
    {
        if (inode.Open is not { KnowsTime: false } open)
            return inode.Open;
        lock (OpenLockOf(inode))
        {
            if (!open.KnowsTime && Sys.FStatx(file, out Statx stat) == Errno.None)
                open.ToldTime = stat.Mtime.ToTimeSpec();
            return open;
        }
    }

    /// <summary>The kernel tells a time, which is going to be set.</summary>
    public void NoteTime(Inode inode, in SetAttrIn input)
    {
        if (!_isWriteBack || (input.Valid & SetAttrValid.Mtime) == 0)
            return;
        lock (OpenLockOf(inode))
        {
            if (inode.Open is not { } open)
                return;
            open.ToldTime = new TimeSpec((long)input.Mtime, input.MtimeNsec);
            open.IsWrittenSince = false;
        }
    }

    /// <summary>Before the last close. Under the open lock.</summary>
    private static void SettleTime(OpenFile open)
    {
        if (!open.IsWrittenSince || open.ToldTime is not { } time || !open.TryBorrowForWrite(out BorrowedFd file))
            return;
        using (file)
            _ = Sys.UTimeNsAt(file, Name.Empty, TimeSpec.Omit, time); // EPERM: another's file has the time at which it was written
    }
}

/// <summary>
/// Notes at its end that a WRITE has given the file a time: not before, for a time that the kernel tells may be set meanwhile (<see cref="OpenFile.IsWrittenSince"/>
/// would be taken back), and the data come after it.
/// </summary>
/// <param name="open">What is written; null without writeback=1.</param>
internal readonly ref struct NotedWrite(OpenFile? open)
{
    public void Dispose()
    {
        if (open is not null)
            open.IsWrittenSince = true;
    }
}
