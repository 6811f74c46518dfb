using System.Runtime.InteropServices;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Features;

/// <summary>A file handle of the mount that a path is in.</summary>
internal sealed class FileHandle
{
    private const int MaxHandleSize = 128, HeaderSize = 8;
    private readonly byte[] bytes = new byte[HeaderSize + MaxHandleSize];

    private FileHandle() => BitConverter.TryWriteBytes(bytes, MaxHandleSize);

    public static FileHandle Of(string path)
    {
        var handle = new FileHandle();
        Tool.Check(name_to_handle_at(Libc.AT_FDCWD, Libc.Bytes(path), handle.bytes, out _, 0), "name_to_handle_at");
        return handle;
    }

    /// <summary>-1 and errno when it fails.</summary>
    public int Open(int mount, O flags) => open_by_handle_at(mount, bytes, flags | O.CLOEXEC);

    [DllImport("libc", SetLastError = true)]
    private static extern int name_to_handle_at(int dirfd, byte[] path, byte[] handle, out int mountId, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int open_by_handle_at(int mount, byte[] handle, O flags);
}
