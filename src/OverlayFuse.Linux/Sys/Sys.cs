using System.Runtime.InteropServices;
using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

/// <summary>
/// System calls by theme: descriptors and names in, results in out parameters, <see cref="Errno"/> back. No allocation and no exception. A
/// call that did nothing is repeated after EINTR. Nothing here knows overlays.
/// </summary>
public static partial class Sys
{
    private static Errno Result(int returned) => returned < 0 ? LastError() : Errno.None;

    private static Errno Result(nint returned, out int count)
    {
        count = returned < 0 ? 0 : (int)returned;
        return returned < 0 ? LastError() : Errno.None;
    }

    internal static Errno LastError() => (Errno)Marshal.GetLastPInvokeError();

    /// <summary>close(2). Its error has no use: the descriptor is gone in any case, and durable data were synced before.</summary>
    /// <param name="fd">A descriptor that the caller owns.</param>
    public static void Close(Fd fd) => _ = Libc.close(fd.Number);
}
