using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>
/// Base of the scenario tests. Each test runs on the kernel's overlayfs and on ours, over layers on each of these file systems. With opens
/// that are requests (io=open, io=passthrough) ours must leave the very same upper; with io=stateless, where only the first write copies
/// up, the same merged view.
/// </summary>
[TestFixture("tmpfs")]
[TestFixture("ext4")]
[TestFixture("tmpfs stateless")]
[TestFixture("ext4 passthrough")]
[TestFixture("ext4 " + OverlayOptions.OpenWithWriteBack)]
[TestFixture("btrfs", Category = "Soak")]
internal abstract class OracleFixture(string kind)
{
    private readonly Media media = new(kind.Split(' ')[0]);
    private readonly string io = kind.Split(' ') is [_, string io] ? io : "open";

    /// <summary>Whether opens are requests to ours: then it knows of descriptors, and leaves the very same upper.</summary>
    protected bool TellsOpens => io != "stateless";

    [OneTimeSetUp]
    public void SetUmask() => _ = Syscall.umask(Mode.Octal(22));

    [OneTimeTearDown]
    public void RemoveMedia() => media.Dispose();

    /// <summary>Runs the operations over one lower layer and an empty upper; fails on any difference.</summary>
    protected Comparison Compare(Layer lower, params Operation[] operations) => Compare(new Layer(), [lower], operations);

    protected Comparison Compare(Layer[] lowers, params Operation[] operations) => Compare(new Layer(), lowers, operations);

    protected Comparison Compare(Layer upper, Layer[] lowers, params Operation[] operations) =>
        Compare(new Scenario(upper, lowers, operations));

    protected Comparison Compare(Scenario scenario)
    {
        using Place place = media.NewPlace();
        Comparison comparison = Comparison.Run(scenario with { Io = io }, place, ProgramUnderTest.Path);
        Assert.That(comparison.Differences, Is.Empty, comparison.ToString);
        return comparison;
    }
}
