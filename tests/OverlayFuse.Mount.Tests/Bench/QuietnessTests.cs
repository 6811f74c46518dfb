using OverlayFuse.BenchPeers;

namespace OverlayFuse.Mount.Tests.Bench;

/// <summary>When the results of a benchmark count.</summary>
internal sealed class QuietnessTests
{
    private static readonly RoundTrip Trip = RoundTrip.Of([30e-6, 20e-6, 25e-6]);

    [TestCase(0.05, 0.05, 0.05, ExpectedResult = true)]
    [TestCase(0.06, 0, 0, ExpectedResult = false)]
    [TestCase(0, 0.06, 0, ExpectedResult = false)]
    [TestCase(0, 0, 0.06, ExpectedResult = false)]
    public bool IsQuiet_OthersUseProcessorsAtATime_IsWithinTheLimitAlways(double before, double between, double after) =>
        new Quietness(before, between, after, Trip, Trip) { Busiest = "" }.IsQuiet;

    [Test]
    public void Refusal_BusyMachine_SaysWhatIsNotWrittenAndWhyAndWhatToDo()
    {
        Quietness busy = new(0.51, 0.02, 0.01, Trip, Trip) { Busiest = "cc1 (pid 7)" };
        Assert.That(busy.Refusal("bench/results", "artifacts/bench"), Is.EqualTo("""
            NOT WRITTEN to bench/results: the machine was busy.
            Processors used by others: 51 % before, 2 % between rows, 1 % after; up to 5 % is quiet. Most of all: cc1 (pid 7).
            Stop what else runs and start again. The reports of this run are in artifacts/bench.
            """));
    }

    [Test]
    public void RoundTrip_SomeRuns_ShowsMedianAndSpread() => Assert.That($"{Trip}", Is.EqualTo("25.0 µs (20.0 to 30.0)"));
}
