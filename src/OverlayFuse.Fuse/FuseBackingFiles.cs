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
    /// <paramref name="file"/> and with the calling thread's credentials of now: permissions are not looked at again, a read-only mount is.
    /// </summary>
    /// <param name="file">A regular file, opened in any way; it may be closed afterwards.</param>
    /// <param name="backing">What to answer OPEN with; null on errors.</param>
    /// <returns>
    /// EPERM without CAP_SYS_ADMIN or PASSTHROUGH, ELOOP when the file system is stacked as deep as
    /// <see cref="FuseNegotiation.MaxStackDepth"/>, EINVAL when it is no regular file.
    /// </returns>
    public Errno Open(Fd file, out BackingFile? backing)
    {
        backing = null;
        if (!_device.TryAcquire())
            return Errno.ENODEV; // the session is over
        var map = new BackingMap { Fd = file.Number };
        ReadOnlySpan<byte> argument = MemoryMarshal.AsBytes(new ReadOnlySpan<BackingMap>(in map));
        Errno error = Sys.IoCtl(_device.Fd, (uint)DeviceCommand.BackingOpen, argument, out int id);
        _device.Release();
        if (error == Errno.None)
            backing = new BackingFile(_device, id);
        return error;
    }
}
