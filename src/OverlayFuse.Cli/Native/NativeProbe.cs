using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Native;

/// <summary>native/probe.c, which is linked into the published program. A JIT build (dotnet run) cannot ask.</summary>
internal static class NativeProbe
{
    /// <summary>Tries to mount in a user namespace, in a child that ends. Nothing is left of it.</summary>
    /// <param name="directory">An existing directory, for the mountpoint within the namespace.</param>
    /// <param name="reached">The step that failed, or <see cref="ProbeStep.Done"/>.</param>
    /// <returns>Why; ENOSYS in a JIT build.</returns>
    public static Errno TryUserNamespace(string directory, out ProbeStep reached)
    {
        reached = ProbeStep.Fork;
        if (RuntimeFeature.IsDynamicCodeSupported)
            return Errno.ENOSYS;
        int error = overlayfuse_probe_user_namespace(Name.From(directory).ToArray(), out int step);
        reached = (ProbeStep)step;
        return (Errno)error;
    }

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern int overlayfuse_probe_user_namespace(byte[] directory, out int reached);
}
