using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Fuse;

/// <summary>
/// The last part of a session's life, before <see cref="Stop"/>. The kernel still holds data that programs have stored into its pages, and
/// sends them when it is told to. The session gives out no pages meanwhile, so a program cannot store into a page that the cache has
/// dropped.
/// </summary>
public sealed partial class FuseSession
{
    /// <summary>More than one, even for a session that has only one worker: that worker may hang.</summary>
    private const int WorkersAtEnd = 16;

    private volatile bool _takesOnlyWhatIsHeld;
    private volatile bool _takesNoWrites;

    /// <summary>True if the kernel has sent data that are not in a file yet.</summary>
    public bool IsWriting => _pool.IsBusyWith(Opcode.Write);

    /// <summary>
    /// From here on the session takes only what the kernel holds already: stored pages, times, closes. It answers ENOTCONN to everything
    /// else, as the kernel does after the end. A process that touches a page of a mapping that is not in the cache gets SIGBUS.
    /// </summary>
    public void TakeOnlyWhatIsHeld()
    {
        _takesOnlyWhatIsHeld = true;
        _pool.AllowAtLeast(WorkersAtEnd);
    }

    /// <summary>
    /// Answers the READs that were in progress at the last call already, in place of workers that hang in them: the kernel keeps their
    /// pages locked, and others wait for those pages. Only one thread may call this.
    /// </summary>
    public void FailStuckReads() => _pool.FailRequests(static request => request.StuckRead());

    /// <summary>
    /// Answers ENOTCONN to all requests in progress, in place of their workers, and to each WRITE that still comes: data that are not
    /// written by now are lost. A caller that waits for a request that was read cannot be killed. A thread that waits within a notification
    /// for the pages
    /// of a WRITE (invalidate_inode_pages2) holds the connection open: neither closing its descriptors nor the end of this process aborts
    /// it.
    /// </summary>
    public void GiveUp()
    {
        _takesNoWrites = true;
        _pool.FailRequests(static request => request.Unique);
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
