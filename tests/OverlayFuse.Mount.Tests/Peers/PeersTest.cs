using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Peers;

/// <summary>
/// Base of the tests of what users of other overlays reported: each is named after what they saw (README.md beside this has the list).
/// A "seen" in a test's summary was seen when its body ran on that program, by OVERLAYFUSE_PROGRAM.
/// </summary>
internal abstract class PeersTest : AppTest
{
    private OverlayMount? mount;

    protected string Lower => Sandbox.PathOf("lower");

    protected string Merged => Sandbox.PathOf("merged");

    protected FuseOverlay Daemon => (FuseOverlay)mount!;

    protected OverlayOptions Options { get; set; } = null!;

    [SetUp]
    public void MakeDirectories()
    {
        Sandbox.MakeDirectory("lower");
        Options = new OverlayOptions([Lower], Sandbox.MakeDirectory("upper"), Sandbox.MakeDirectory("work"));
    }

    [TearDown]
    public void Unmount()
    {
        mount?.Dispose();
        mount = null;
    }

    /// <summary>Runs a script in the lower layer, then mounts.</summary>
    protected void Mount(string makeLower, string extra = "")
    {
        Bash.Run(makeLower, Lower);
        Options = Options with { Extra = extra };
        mount = ProgramUnderTest.Mount(Options, Merged);
    }

    protected void Remount()
    {
        mount!.Unmount();
        mount = ProgramUnderTest.Mount(Options, Merged);
    }

    /// <summary>A mount that hangs is aborted: the test fails, and the run goes on.</summary>
    protected void AbortWhenHung() => Daemon.AbortAfter(TimeSpan.FromSeconds(20));

    /// <summary>Runs a script in the merged root; its standard output without the last line's end.</summary>
    protected string See(string script) => Bash.Run(script, Merged, timeoutSeconds: 60).TrimEnd('\n');
}
