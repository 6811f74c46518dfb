using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OverlayFuse.Cli;

/// <summary>native/daemon.c, linked into the published program; a JIT build (dotnet run) stays in the foreground.</summary>
internal static class NativeDaemon
{
    private static bool IsPublished => !RuntimeFeature.IsDynamicCodeSupported;

    /// <summary>Lets the waiting parent exit 0 and leaves the terminal.</summary>
    /// <returns>False when the parent is gone: nobody waits for this mount any more.</returns>
    public static bool AnnounceLive() => !IsPublished || overlayfuse_daemon_live() == 0;

    /// <summary>Leaves the code that only the start needed out of resident memory.</summary>
    public static void Settle()
    {
        if (IsPublished)
            overlayfuse_daemon_settle();
    }

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern void overlayfuse_daemon_settle();

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern int overlayfuse_daemon_live();
}
