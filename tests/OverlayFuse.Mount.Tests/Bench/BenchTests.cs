using System.Text.Json;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Bench;

/// <summary>The programs of bench/ still run; what they measure here means nothing.</summary>
internal sealed class BenchTests
{
    private Sandbox _sandbox = null!;

    [SetUp]
    public void OpenSandbox() => _sandbox = Sandbox.InMemory();

    [TearDown]
    public void CloseSandbox() => _sandbox.Dispose();

    [Test]
    public void BenchPeers_OneSmallRow_MeasuresEveryProgramAndLeavesNothing()
    {
        if (Environment.UserName != "root")
            Assert.Ignore("needs root to mount the kernel's overlayfs");
        string results = _sandbox.PathOf("results");
        _sandbox.MakeDirectory("disk");
        Tool.Run("make", "-s", "-C", ProgramUnderTest.Repository, "artifacts/bin/bench-client");
        ToolResult run = Tool.Try("env",
            ["QUICK=1", "RUNS=1", "ONLY=stat the whole", "PROGRAMS=bare kernel ours", "DISK=" + _sandbox.PathOf("disk"),
                "RESULTS=" + results, Built("BenchPeers")]);
        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        Assert.Multiple(() =>
        {
            Assert.That(Values(Path.Combine(results, "peers-root.json")), Has.Count.EqualTo(6).And.All.GreaterThan(0),
                "fresh and again, of three programs");
            Assert.That(Directory.EnumerateFileSystemEntries(_sandbox.PathOf("disk")), Is.Empty);
        });
    }

    [Test]
    public void Benchmarks_DryRunOfTheGates_CallsAllOfThem()
    {
        ToolResult run = Tool.Try("env",
            ["DISK=" + _sandbox.Root, Built("Benchmarks"), "--job", "dry", "--filter", "*Protocol*", "*HotPath*"]);
        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        Assert.That(run.Output, Does.Contain("executed benchmarks: 17"));
    }

    private static string Built(string program) =>
        Path.Combine(ProgramUnderTest.Repository, "bench", "OverlayFuse." + program, "bin", "Release", "net10.0", "OverlayFuse." + program);

    /// <summary>Every measured value of a JSON report.</summary>
    private static List<double> Values(string report)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(report));
        return [.. from row in document.RootElement.GetProperty("rows").EnumerateArray()
                   from program in row.GetProperty("programs").EnumerateObject()
                   from value in program.Value.GetProperty("values").EnumerateArray()
                   select value.GetDouble()];
    }
}
