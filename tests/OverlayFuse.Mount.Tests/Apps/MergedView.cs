using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>
/// A merged view for real programs to work in: lower layers that the test made (topmost first), an empty upper and work beside them.
/// Remembers every trace of the lower layers, so that a write into one is noticed.
/// </summary>
internal sealed class MergedView : IDisposable
{
    private readonly string mountpoint;
    private readonly OverlayOptions options;
    private readonly List<string[]> lowersBefore;
    private OverlayMount? mount;

    private MergedView(OverlayOptions options, string mountpoint)
    {
        this.options = options;
        this.mountpoint = mountpoint;
        lowersBefore = [.. options.Lowers.Select(TreeManifest.OfEveryTrace)];
        mount = ProgramUnderTest.Mount(options, mountpoint);
    }

    public string Root => mountpoint;

    public string Upper => options.Upper!;

    public string Work => options.Work!;

    public OverlayOptions Options => options;

    /// <summary>The process ids of the daemon; none when the kernel itself stands in.</summary>
    public IReadOnlyList<int> Daemons => mount is FuseOverlay fuse ? fuse.Daemons : [];

    public static MergedView Over(Sandbox sandbox, params string[] lowers) => WithOptions(sandbox, "", lowers);

    public static MergedView WithOptions(Sandbox sandbox, string extra, params string[] lowers)
    {
        string upper = sandbox.MakeDirectory("upper"), work = sandbox.MakeDirectory("work");
        return new MergedView(new OverlayOptions(lowers, upper, work, extra), sandbox.PathOf("merged"));
    }

    /// <summary>A view whose upper and work are on the file system mounted at <paramref name="disk"/>.</summary>
    public static MergedView OnDisk(Sandbox sandbox, string disk, params string[] lowers)
    {
        string upper = Directory.CreateDirectory(disk + "/upper").FullName, work = Directory.CreateDirectory(disk + "/work").FullName;
        return new MergedView(new OverlayOptions(lowers, upper, work), sandbox.PathOf("merged"));
    }

    /// <summary>Runs a script with the merged root as its working directory.</summary>
    public string Run(string script, int timeoutSeconds = Bash.DefaultTimeoutSeconds) => Bash.Run(script, mountpoint, timeoutSeconds);

    public void Unmount()
    {
        mount?.Unmount();
        mount = null;
    }

    public void Remount()
    {
        Unmount();
        mount = ProgramUnderTest.Mount(options, mountpoint);
    }

    /// <summary>The same layers, mounted by the kernel: ends this mount first. The caller disposes of the kernel's.</summary>
    public OverlayMount MountByKernel()
    {
        Unmount();
        return KernelOverlay.Mount(options, mountpoint);
    }

    public void AssertLowersUntouched()
    {
        for (int i = 0; i < options.Lowers.Count; i++)
            TreeManifest.AssertSame(TreeManifest.OfEveryTrace(options.Lowers[i]), lowersBefore[i], $"lower layer {options.Lowers[i]} was written to");
    }

    public void Dispose() => mount?.Dispose();
}
