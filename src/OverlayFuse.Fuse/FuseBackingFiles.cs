using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// Registers real files for passthrough (7.40, PASSTHROUGH granted, CAP_SYS_ADMIN in the first user namespace). Any thread.
/// </summary>
public sealed class FuseBackingFiles
{
    private readonly SafeFd _device;

    internal FuseBackingFiles(SafeFd device) => _device = device;

    /// <summary>
    /// BACKING_OPEN. Each open file of the mount opens the same real file once more, with its own flags, through the mount of
    /// <paramref name="file"/> and with the present credentials of the calling thread. The kernel does not check permissions again, but it
    /// respects a read-only mount.
    /// </summary>
    /// <param name="file">A regular file, opened in any way. The caller may close it afterwards.</param>
    /// <param name="backing">The answer to OPEN; null on failure.</param>
    /// <returns>
    /// EPERM without CAP_SYS_ADMIN or PASSTHROUGH, ELOOP if the file system is stacked as deep as
    /// <see cref="FuseNegotiation.MaxStackDepth"/>, EINVAL if the file is not a regular one.
    /// </returns>
    public Errno Open(Fd file, out BackingFile? backing)
    {
        backing = null;
        if (!_device.TryAcquire())
            // The session is over.
            return Errno.ENODEV;
        var map = new BackingMap { Fd = file.Number };
        ReadOnlySpan<byte> argument = MemoryMarshal.AsBytes(new ReadOnlySpan<BackingMap>(in map));
        Errno error = Sys.IoCtl(_device.Fd, (uint)DeviceCommand.BackingOpen, argument, out int id);
        _device.Release();
        if (error == Errno.None)
            backing = new BackingFile(_device, id);
        return error;
    }
}
