using System.Globalization;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Hostile;

/// <summary>
/// Random layers with forged and broken marks against the kernel. OVERLAYFUSE_FUZZ_SEEDS: how many, OVERLAYFUSE_FUZZ_START: the first,
/// OVERLAYFUSE_FUZZ_SECONDS: how long at most, OVERLAYFUSE_FUZZ_FAILURES: how many differing seeds end it, OVERLAYFUSE_FUZZ_WORKERS:
/// threads.
/// </summary>
[TestFixture]
internal sealed class HostileTests
{
    private const int SeedsInCi = 150;
    private int nextSeed, done;

    [Test, Category("Fuzz")]
    public void Fuzz_HostileLayers_EqualTheKernel()
    {
        using var media = new Media(Media.Memory);
        int first = Setting("START", 1), seeds = Setting("SEEDS", SeedsInCi), most = Setting("FAILURES", 3);
        TimeSpan time = TimeSpan.FromSeconds(Setting("SECONDS", int.MaxValue));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var failures = new List<string>();
        nextSeed = first - 1;
        Thread[] workers = [.. Enumerable.Range(0, Setting("WORKERS", 4)).Select(number => new Thread(() =>
        {
            Tool.Check(Libc.unshare(Libc.CLONE_FS), "unshare(CLONE_FS)");
            _ = Syscall.umask(Mode.Octal(22));
            while (clock.Elapsed < time && failures.Count < most && Interlocked.Increment(ref nextSeed) is var seed && seed < first + seeds)
            {
                Run(seed, media, failures);
                Interlocked.Increment(ref done);
            }
        }))];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers) worker.Join();
        TestContext.Out.WriteLine($"{done} seeds");
        Assert.That(failures, Is.Empty, () => string.Join('\n', failures));
    }

    private static void Run(int seed, Media media, List<string> failures)
    {
        using Place place = media.NewPlace();
        HostileStack stack = new HostileGenerator(new Random(seed)).Make(seed);
        IReadOnlyList<string> differences;
        try
        {
            differences = HostileComparison.Run(stack, place, ProgramUnderTest.Path);
        }
        catch (Exception exception)
        {
            differences = [$"ended by {exception}"];
        }
        if (differences.Count == 0) return;
        string report = $"{stack}differences:\n{string.Join('\n', differences)}\n";
        lock (failures) failures.Add(report);
        if (Environment.GetEnvironmentVariable("OVERLAYFUSE_FUZZ_OUT") is { Length: > 0 } directory)
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(directory).FullName, $"hostile{seed}.txt"), report);
    }

    public static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable("OVERLAYFUSE_FUZZ_" + name), NumberStyles.None, CultureInfo.InvariantCulture,
            out int value) ? value : otherwise;
}
