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
    public void BenchPeers_SomeSmallRows_MeasuresEveryProgramAndLeavesNothing()
    {
        RunPeers("peers", "PROGRAMS=bare kernel ours", "ONLY=stat the whole|walk again|commit of");
        Assert.That(Values("peers-root.json"), Has.Count.EqualTo((2 + 3 + 1) * 3).And.All.GreaterThan(0));
    }

    [Test]
    public void BenchPeers_SomeSmallJobs_RunsThemInEveryProgramAndLeavesNothing()
    {
        RunPeers("jobs", "PROGRAMS=kernel ours", "ONLY=untar|sqlite");
        Assert.That(Values("jobs-root.json"), Has.Count.EqualTo(2 * 2).And.All.GreaterThan(0));
    }

    [Test]
    public void BenchPeers_ToolOfAJobMissing_NamesItsPackageAndMeasuresNothing()
    {
        string programs = _sandbox.MakeDirectory("programs");
        foreach (string program in new[] { "nsenter", "unshare", "sh", "cat", "env", "rm", "chattr", "setpriv", "findmnt" })
            Tool.Run("ln", "-s", "/usr/bin/" + program, programs);
        ToolResult run = TryPeers("jobs", "PROGRAMS=kernel", "ONLY=sqlite", "PATH=" + programs);
        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(1), run.Output + run.Error);
            Assert.That(run.Error, Does.Contain("sqlite transactions: the program sqlite3 is missing: install the package sqlite3"));
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

    private void RunPeers(string suite, params string[] settings)
    {
        ToolResult run = TryPeers(suite, settings);
        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        Assert.That(run.Output, Does.Contain("processors used by others: "));
    }

    private ToolResult TryPeers(string suite, params string[] settings)
    {
        if (Environment.UserName != "root")
            Assert.Ignore("needs root to mount the kernel's overlayfs");
        string disk = _sandbox.MakeDirectory("disk");
        Tool.Run("make", "-s", "-C", ProgramUnderTest.Repository, "artifacts/bin/bench-client");
        ToolResult run = Tool.Try("env",
            ["QUICK=1", "RUNS=1", "DISK=" + disk, "RESULTS=" + _sandbox.PathOf("results"), .. settings, Built("BenchPeers"), suite],
            timeoutSeconds: 300);
        Assert.That(Directory.EnumerateFileSystemEntries(disk), Is.Empty, "left behind");
        return run;
    }

    private static string Built(string program) =>
        Path.Combine(ProgramUnderTest.Repository, "bench", "OverlayFuse." + program, "bin", "Release", "net10.0", "OverlayFuse." + program);

    /// <summary>Every measured value of a JSON report.</summary>
    private List<double> Values(string report)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(_sandbox.PathOf("results"), report)));
        return [.. from row in document.RootElement.GetProperty("rows").EnumerateArray()
                   from program in row.GetProperty("programs").EnumerateObject()
                   from value in program.Value.GetProperty("values").EnumerateArray()
                   select value.GetDouble()];
    }
}
