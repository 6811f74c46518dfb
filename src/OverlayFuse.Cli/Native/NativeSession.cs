using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Native;

/// <summary>
/// native/session.c, which is linked into the published program: the processes of <c>overlayfuse run</c> and <c>hold</c>.
/// </summary>
internal static class NativeSession
{
    /// <summary>The part of the session that this process was started for.</summary>
    public static SessionRole Role =>
        RuntimeFeature.IsDynamicCodeSupported ? SessionRole.None : (SessionRole)overlayfuse_session_role();

    /// <summary>The session's own directory. It holds work, and the upper if that is thrown away.</summary>
    public static string Scratch => NativeText.FromPointer(overlayfuse_session_scratch())!;

    /// <summary>True if fusermount3 mounts, in the namespace of all.</summary>
    public static bool IsShared => overlayfuse_session_is_shared() != 0;

    /// <summary>A read of it ends when the supervisor has ended.</summary>
    public static Fd Lifeline => new(overlayfuse_session_lifeline());

    /// <summary>Hands the plan to the supervisor.</summary>
    /// <param name="plan">A text without NUL for each <see cref="PlanField"/>.</param>
    /// <exception cref="IOException">The supervisor is gone.</exception>
    public static void Send(string[] plan)
    {
        byte[] text = NativeText.ToBytes(string.Concat(plan.Select(field => field + "\0")));
        if (overlayfuse_session_plan(text, text.Length) != 0)
            throw new IOException("run: the process that waits for the plan is gone");
    }

    /// <summary>The daemon's last act: it cleans up if nobody else will.</summary>
    public static void Ended() => overlayfuse_session_ended();

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern int overlayfuse_session_role();

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern nint overlayfuse_session_scratch();

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern int overlayfuse_session_is_shared();

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern int overlayfuse_session_lifeline();

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern int overlayfuse_session_plan(byte[] plan, int length);

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern void overlayfuse_session_ended();
}
