using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// A real file that the kernel reads, writes and maps by itself for an open file of the mount (FOPEN_PASSTHROUGH). The caller that
/// registered it owns it. Files that are open by it keep the kernel's own reference. Any thread.
/// </summary>
public sealed class BackingFile : IDisposable
{
    private readonly SafeFd _device;
    private int _id;

    internal BackingFile(SafeFd device, int id)
    {
        _device = device;
        _id = id;
    }

    /// <summary>The number for <see cref="OpenOut.BackingId"/>; 0 once it is closed.</summary>
    public int Id => Volatile.Read(ref _id);

    /// <summary>BACKING_CLOSE. No later open can name it.</summary>
    public void Dispose()
    {
        int id = Interlocked.Exchange(ref _id, 0);
        if (id == 0 || !_device.TryAcquire())
            // The end of the session has closed it.
            return;
        // It fails only for an id that does not exist.
        _ = Sys.IoCtl(_device.Fd, (uint)DeviceCommand.BackingClose, MemoryMarshal.AsBytes(new Span<int>(ref id)));
        _device.Release();
    }
}
