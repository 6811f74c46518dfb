using System.Diagnostics;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Fuzz;

/// <summary>Compares a program with the kernel on the scenarios of many seeds, on several threads, and shrinks what differs.</summary>
internal sealed class FuzzRun(string program, int firstSeed) : IDisposable
{
    private const int ReportEvery = 500;
    private readonly Media media = new(Media.Memory);
    private readonly List<string> failures = [];
    private int nextSeed = firstSeed - 1, done;

    public int Done => done;

    public int MostFailures { get; init; } = 3;

    public int Workers { get; init; } = 1;

    /// <summary>
    /// Runs seeds until there were <paramref name="seeds"/> of them, or the time is over; returns the reports of those that differ.
    /// </summary>
    public IReadOnlyList<string> Run(int seeds, TimeSpan time)
    {
        var clock = Stopwatch.StartNew();
        Thread[] workers = [.. Enumerable.Range(0, Workers).Select(_ => new Thread(() => Work(firstSeed + seeds, clock, time)))];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers) worker.Join();
        return failures;
    }

    public void Dispose() => media.Dispose();

    private void Work(int endSeed, Stopwatch clock, TimeSpan time)
    {
        // The umask belongs to the process unless a thread has a file system context of its own.
        Tool.Check(Libc.unshare(Libc.CLONE_FS), "unshare(CLONE_FS)");
        _ = Syscall.umask(Mode.Octal(22));
        while (clock.Elapsed < time && failures.Count < MostFailures && Interlocked.Increment(ref nextSeed) is var seed && seed < endSeed)
        {
            Scenario scenario = ScenarioGenerator.Make(seed);
            IReadOnlyList<string> differences = DifferencesOf(scenario);
            if (differences.Count > 0) Report(seed, scenario, differences);
            if (Interlocked.Increment(ref done) % ReportEvery == 0)
                TestContext.Progress.WriteLine($"{done} seeds in {clock.Elapsed.TotalSeconds:F0} s, {failures.Count} differ");
        }
    }

    private void Report(int seed, Scenario scenario, IReadOnlyList<string> differences)
    {
        // What differs by chance (a race) cannot be shrunk: then the first run is all there is to show.
        bool again = Differs(scenario);
        Scenario smallest = again ? new Shrinker(Differs).Shrink(scenario) : scenario;
        IReadOnlyList<string> last = again ? DifferencesOf(smallest) : [];
        if (last.Count == 0) (smallest, again) = (scenario, false);
        string test = ScenarioText.Test(seed, smallest, again ? last : differences);
        string report = $"seed {seed}{(again ? "" : " (not always)")}, {Keep(seed, test)}:\n{test}";
        lock (failures) failures.Add(report);
        TestContext.Progress.WriteLine(report);
    }

    /// <summary>Writes a test to a file, to be pasted into Scenarios/.</summary>
    private static string Keep(int seed, string test)
    {
        string directory = Environment.GetEnvironmentVariable("OVERLAYFUSE_FUZZ_OUT") is { Length: > 0 } asked ? asked
            : Path.Combine(ProgramUnderTest.Repository, "artifacts", "fuzz");
        string file = Path.Combine(Directory.CreateDirectory(directory).FullName, $"Seed{seed}.cs");
        File.WriteAllText(file, test);
        return file;
    }

    private bool Differs(Scenario scenario) => DifferencesOf(scenario).Count > 0;

    private IReadOnlyList<string> DifferencesOf(Scenario scenario)
    {
        using Place place = media.NewPlace();
        try
        {
            return Comparison.Run(scenario, place, program).Differences;
        }
        catch (InvalidLayerException)
        {
            return []; // Shrinking left out what a layer needs: a hard link without its file.
        }
    }
}
