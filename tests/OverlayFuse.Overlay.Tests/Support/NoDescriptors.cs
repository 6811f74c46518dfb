using System.Runtime.InteropServices;
using OverlayFuse.Linux;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Overlay.Tests.Support;

/// <summary>While it lives, nothing can be opened: every new descriptor is EMFILE. Those that are open stay so.</summary>
internal sealed class NoDescriptors : IDisposable
{
    private const int RLIMIT_NOFILE = 7;

    private readonly ulong[] _before = new ulong[2];

    public NoDescriptors()
    {
        Tool.Check(getrlimit(RLIMIT_NOFILE, _before), "getrlimit");
        if (Sys.OpenAt(Fd.WorkingDirectory, Linux.Name.From("/"), OpenFlags.Path, out Fd lowestFree) is not Errno.None and var error)
            throw new IOException($"/: {error}");
        Sys.Close(lowestFree);
        Tool.Check(setrlimit(RLIMIT_NOFILE, [(ulong)lowestFree.Number, _before[1]]), "setrlimit");
    }

    public void Dispose() => Tool.Check(setrlimit(RLIMIT_NOFILE, _before), "setrlimit");

    [DllImport("libc", SetLastError = true)]
    private static extern int getrlimit(int resource, [Out] ulong[] limits);

    [DllImport("libc", SetLastError = true)]
    private static extern int setrlimit(int resource, ulong[] limits);
}
