using System.Globalization;
using System.Text;
using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>What FUSE does not tell of a caller and /proc/PID/status does (proc(5)). For rare requests only.</summary>
internal static class CallerProcess
{
    private const int CAP_SYS_ADMIN = 21;
    private const int SIGKILL = 9;

    /// <summary>
    /// Whether a long request shall be given up: the mount ends, or its caller is being killed. Other signals do not count, although FUSE
    /// reports them too: the kernel's overlayfs is killable here, not interruptible, and programs that get signals all the time (Go) would
    /// see EINTR where they expect none.
    /// </summary>
    public static bool HasGivenUp(in FuseRequest request) =>
        request.IsInterrupted && (request.IsSessionEnding || IsBeingKilled(request.Caller.Pid));

    /// <summary>Only CAP_SYS_ADMIN may see trusted.* in a list; the VFS guards reading them itself.</summary>
    public static bool MaySeeTrusted(in FuseRequest request) =>
        request.Caller.Uid == 0 || (Field(request.Caller.Pid, "CapEff:") >> CAP_SYS_ADMIN & 1) != 0;

    /// <summary>A fatal signal, whichever it was, puts SIGKILL on every thread (complete_signal).</summary>
    private static bool IsBeingKilled(uint pid) => (Field(pid, "SigPnd:") >> (SIGKILL - 1) & 1) != 0;

    private static ulong Field(uint pid, string name)
    {
        Span<byte> status = stackalloc byte[4096];
        if (Sys.OpenAt(Fd.WorkingDirectory, Name.From($"/proc/{pid}/status"), OpenFlags.ReadOnly, out Fd opened) != Errno.None)
            return 0;
        using var file = new ScopedFd(opened);
        if (Sys.PRead(file, status, 0, out int length) != Errno.None)
            return 0;
        string text = Encoding.ASCII.GetString(status[..length]);
        int at = text.IndexOf(name, StringComparison.Ordinal) + name.Length;
        int end = at < name.Length ? -1 : text.IndexOf('\n', at);
        return end > 0 && ulong.TryParse(text.AsSpan(at, end - at).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : 0;
    }
}
