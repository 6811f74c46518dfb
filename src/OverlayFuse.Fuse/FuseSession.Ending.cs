using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// The last part of a session's life, before <see cref="Stop"/>: the kernel still holds what programs have stored into its pages, and sends it when it is
/// told to. No page is given out any more meanwhile, so what is dropped from the cache cannot be stored into again.
/// </summary>
public sealed partial class FuseSession
{
    /// <summary>More than one also of a session that has only one: the one may hang.</summary>
    private const int WorkersAtEnd = 16;

    private volatile bool _takesOnlyWhatIsHeld;
    private volatile bool _takesNoWrites;

    /// <summary>Whether the kernel has sent data that are not in a file yet.</summary>
    public bool IsWriting
    {
        get
        {
            lock (_pool)
                return _workers.Exists(worker => worker.InFlight is { IsBusy: true, Opcode: Opcode.Write });
        }
    }

    /// <summary>
    /// From here on only what the kernel holds already is taken: stored pages, times, closes. All else is answered ENOTCONN, as it will be after the end: a
    /// process that touches a page of a mapping that is not in the cache gets SIGBUS.
    /// </summary>
    public void TakeOnlyWhatIsHeld()
    {
        _takesOnlyWhatIsHeld = true;
        _maxWorkers = Math.Max(_maxWorkers, WorkersAtEnd);
        _ = Interlocked.Exchange(ref _starving, 1); // all may be stuck by now, and none would say so
        WakePool();
    }

    /// <summary>
    /// Answers the READs that were in progress at the last call already, in place of workers that hang in them: the kernel keeps the pages locked that they
    /// are to fill, and others wait for those. By one thread only.
    /// </summary>
    public void FailStuckReads()
    {
        Span<byte> reply = stackalloc byte[ReplyWriter.HeaderSize];
        lock (_pool)
        {
            foreach (FuseWorker worker in _workers)
            {
                if (worker.InFlight.StuckRead() is not 0 and var unique)
                    _ = Sys.WriteDevice(worker.Device.Fd, reply[..new ReplyWriter(reply).Finish(unique, Errno.ENOTCONN)]); // ENOENT: answered by now
            }
        }
    }

    /// <summary>
    /// Answers ENOTCONN to all that is in progress, in place of its workers, and to WRITEs that still come: what is not written by now is lost. Whoever waits for a
    /// request that was read cannot be killed. And a thread that waits within a notification for the pages of a WRITE (invalidate_inode_pages2) holds the
    /// connection open: closing its descriptors, or the end of this process, would not abort it.
    /// </summary>
    public void GiveUp()
    {
        _takesNoWrites = true;
        Span<byte> reply = stackalloc byte[ReplyWriter.HeaderSize];
        lock (_pool)
        {
            foreach (FuseWorker worker in _workers)
            {
                if (worker.InFlight.Unique is not 0 and var unique)
                    _ = Sys.WriteDevice(worker.Device.Fd, reply[..new ReplyWriter(reply).Finish(unique, Errno.ENOTCONN)]); // ENOENT: answered by now
            }
        }
    }

    private bool IsLate(Opcode opcode, ReadOnlySpan<byte> body) => !IsHeld(opcode, body) || (_takesNoWrites && opcode == Opcode.Write);

    private static bool IsHeld(Opcode opcode, ReadOnlySpan<byte> body) => opcode switch
    {
        Opcode.Write => MemoryMarshal.TryRead(body, out WriteIn write) && (write.WriteFlags & WriteFlags.Cache) != 0,
        Opcode.SetAttr or Opcode.FSync or Opcode.FSyncDir or Opcode.Flush or Opcode.SyncFs or Opcode.Release or Opcode.ReleaseDir => true,
        Opcode.Forget or Opcode.BatchForget or Opcode.Interrupt or Opcode.NotifyReply or Opcode.Destroy => true,
        _ => false,
    };
}
