using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Native;

/// <summary>native/daemon.c, which is linked into the published program. A JIT build (dotnet run) stays in the foreground.</summary>
internal static class NativeDaemon
{
    /// <summary>True if the native part is linked in.</summary>
    public static bool IsPublished => !RuntimeFeature.IsDynamicCodeSupported;

    /// <summary>Lets the waiting parent exit with 0, and leaves the terminal.</summary>
    /// <returns>False if the parent is gone: nobody waits for this mount any more.</returns>
    public static bool AnnounceLive() => !IsPublished || overlayfuse_daemon_live() == 0;

    /// <summary>The program's arguments with all their bytes. The runtime's copy has lost those that are not UTF-8.</summary>
    /// <param name="decoded">The runtime's copy.</param>
    public static string[] Arguments(string[] decoded)
    {
        if (!IsPublished)
            return decoded;
        nint words = overlayfuse_arguments();
        return [.. decoded.Select((_, i) => NativeText.FromPointer(Marshal.ReadIntPtr(words, (i + 1) * nint.Size))!)];
    }

    /// <summary>Option auto_unmount: native/watcher.c unmounts when this process is gone.</summary>
    public static void Watch(string mountPoint)
    {
        if (IsPublished)
            overlayfuse_watch(Name.From(mountPoint).ToArray());
    }

    /// <summary>Takes the code that only the start needed out of resident memory.</summary>
    public static void Settle()
    {
        if (IsPublished)
            overlayfuse_daemon_settle();
    }

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern void overlayfuse_watch(byte[] mountPoint);

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern nint overlayfuse_arguments();

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern void overlayfuse_daemon_settle();

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern int overlayfuse_daemon_live();
}
