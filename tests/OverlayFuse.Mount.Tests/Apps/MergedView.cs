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
    private readonly string program;
    private readonly List<string[]> lowersBefore;
    private OverlayMount? mount;

    private MergedView(OverlayOptions options, string mountpoint, string? program = null)
    {
        this.options = options;
        this.mountpoint = mountpoint;
        this.program = program ?? ProgramUnderTest.Path;
        lowersBefore = [.. options.Lowers.Select(TreeManifest.OfEveryTrace)];
        mount = ProgramUnderTest.Mount(this.program, options, mountpoint);
    }

    public string Root => mountpoint;

    public string Upper => options.Upper!;

    public string Work => options.Work!;

    public OverlayOptions Options => options;

    /// <summary>The process ids of the daemon; none when the kernel itself stands in.</summary>
    public IReadOnlyList<int> Daemons => mount is FuseOverlay fuse ? fuse.Daemons : [];

    public static MergedView Over(Sandbox sandbox, params string[] lowers) => new(OptionsIn(sandbox, lowers), sandbox.PathOf("merged"));

    /// <summary>With copyup=incremental; the kernel, where it stands in, is not told.</summary>
    public static MergedView OverIncrementally(Sandbox sandbox, params string[] lowers) =>
        new(OptionsIn(sandbox, lowers) with { Io = "auto,copyup=incremental" }, sandbox.PathOf("merged"));

    /// <summary>A view whose daemon may hold no more than <paramref name="descriptors"/> descriptors.</summary>
    public static MergedView WithFewDescriptors(Sandbox sandbox, int descriptors, string io, params string[] lowers)
    {
        string starter = sandbox.PathOf("few-descriptors");
        File.WriteAllText(starter, $"#!/bin/bash\nulimit -n {descriptors}\nexec {ProgramUnderTest.Path} -o io={io} \"$@\"\n");
        Bash.Run("chmod 755 " + starter);
        return new MergedView(OptionsIn(sandbox, lowers), sandbox.PathOf("merged"), starter);
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
        mount = ProgramUnderTest.Mount(program, options, mountpoint);
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
            TreeManifest.AssertSame(TreeManifest.OfEveryTrace(options.Lowers[i]), lowersBefore[i],
                $"lower layer {options.Lowers[i]} was written to");
    }

    public void Dispose() => mount?.Dispose();

    private static OverlayOptions OptionsIn(Sandbox sandbox, string[] lowers) =>
        new(lowers, sandbox.MakeDirectory("upper"), sandbox.MakeDirectory("work"));
}
