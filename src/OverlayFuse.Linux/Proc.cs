using System.Globalization;
using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

/// <summary>
/// The place of /proc. Some system calls take only paths; "/proc/self/fd/N" names a descriptor there. A process that needs this for long
/// holds /proc, because it may be unmounted, as between an initramfs and the system.
/// </summary>
public static unsafe class Proc
{
    private const long PROC_SUPER_MAGIC = 0x9FA0;

    private static readonly byte[] s_underRoot = "/proc/self/fd/"u8.ToArray();
    private static readonly byte[] s_here = "self/fd/"u8.ToArray();
    private static volatile bool s_isHeld;

    /// <summary>A path for system calls: "/proc/self/status" of "self/status".</summary>
    /// <param name="below">Within /proc.</param>
    public static string PathOf(string below) => s_isHeld ? below : "/proc/" + below;

    /// <summary>The text before the number of a descriptor.</summary>
    internal static ReadOnlySpan<byte> Descriptors => s_isHeld ? s_here : s_underRoot;

    /// <summary>
    /// Makes /proc the working directory of the process for good; all other paths are absolute. It is a private mount that no other process
    /// sees and that keeps no mount busy, or /proc itself if the caller may not mount. Without /proc, the working directory is "/".
    /// </summary>
    public static void Hold()
    {
        Errno error = Sys.CloneTree(Name.From("/proc"), out Fd tree);
        if (error != Errno.None)
            error = Sys.OpenAt(Fd.WorkingDirectory, Name.From("/proc"), OpenFlags.Path | OpenFlags.Directory, out tree);
        using var proc = new ScopedFd(tree);
        s_isHeld = error == Errno.None && Libc.fchdir(tree.Number) == 0 && IsProc(tree)
            && Sys.StatxAt(Fd.WorkingDirectory, Name.From("self/fd"), out _, StatxMask.Type) == Errno.None;
        if (!s_isHeld)
            // There is always a root directory.
            _ = Sys.ChangeDirectory(Name.From("/"));
    }

    /// <summary>Resident memory of this process (proc_pid_statm(5)); 0 without /proc.</summary>
    public static long ResidentBytes =>
        TextFile.Read(PathOf("self/statm"), out string text) == Errno.None && text.Split(' ') is [_, var pages, ..]
        && long.TryParse(pages, CultureInfo.InvariantCulture, out long count) ? count * Environment.SystemPageSize : 0;

    /// <summary>
    /// The bytes that this process has given to disks so far (write_bytes of proc_pid_io(5)); 0 if the kernel does not count them, or
    /// without /proc.
    /// </summary>
    public static long WrittenBytes
    {
        get
        {
            const string key = "\nwrite_bytes: ";
            if (TextFile.Read(PathOf("self/io"), out string text) != Errno.None
                || text.IndexOf(key, StringComparison.Ordinal) is var at && at < 0)
                return 0;
            ReadOnlySpan<char> rest = text.AsSpan(at + key.Length);
            return long.TryParse(rest[..Math.Max(0, rest.IndexOf('\n'))], CultureInfo.InvariantCulture, out long count) ? count : 0;
        }
    }

    private static bool IsProc(Fd directory) => Sys.FStatFs(directory, out StatFs about) == Errno.None && about.Type == PROC_SUPER_MAGIC;
}
