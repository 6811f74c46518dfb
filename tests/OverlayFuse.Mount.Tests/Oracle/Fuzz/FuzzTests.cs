using System.Globalization;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Fuzz;

/// <summary>
/// Random scenarios against the kernel. OVERLAYFUSE_FUZZ_SEEDS: how many, OVERLAYFUSE_FUZZ_START: the first, OVERLAYFUSE_FUZZ_SECONDS: how
/// long at most, OVERLAYFUSE_FUZZ_FAILURES: how many differing seeds are shrunk before it ends, OVERLAYFUSE_FUZZ_WORKERS: threads.
/// </summary>
[TestFixture]
internal sealed class FuzzTests
{
    private const int SeedsInCi = 1200, SeedsOfProof = 20;
    private const string Peer = "/usr/bin/fuse-overlayfs";

    [Test, Category("Fuzz")]
    public void Fuzz_RandomOperations_EqualTheKernel()
    {
        using var run = new FuzzRun(ProgramUnderTest.Path, Setting("START", 1))
        {
            MostFailures = Setting("FAILURES", 3),
            Workers = Setting("WORKERS", 4)
        };
        IReadOnlyList<string> failures = run.Run(Setting("SEEDS", SeedsInCi), TimeSpan.FromSeconds(Setting("SECONDS", int.MaxValue)));
        TestContext.Out.WriteLine($"{run.Done} seeds");
        Assert.That(failures, Is.Empty, () => string.Join('\n', failures));
    }

    [Test]
    public void Fuzz_KernelAgainstItself_FindsNothing()
    {
        using var run = new FuzzRun(ProgramUnderTest.KernelItself, 1);
        Assert.That(run.Run(SeedsOfProof, TimeSpan.MaxValue), Is.Empty);
        Assert.That(run.Done, Is.EqualTo(SeedsOfProof));
    }

    [Test]
    public void Fuzz_PeerWithKnownDifferences_FindsAndShrinksThem()
    {
        if (!File.Exists(Peer)) Assert.Ignore($"{Peer} is not installed: nothing to prove the comparison with");
        using var run = new FuzzRun(Peer, 1) { MostFailures = 1 };
        IReadOnlyList<string> failures = run.Run(SeedsOfProof, TimeSpan.MaxValue);
        Assert.That(failures, Has.Count.EqualTo(1));
        Assert.That(failures[0], Does.Contain("fuse-overlayfs").And.Contain("new Layer()"));
    }

    [Test]
    public void Generate_SameSeed_MakesTheSameScenario()
    {
        string first = ScenarioGenerator.Make(7).ToString(), second = ScenarioGenerator.Make(7).ToString(),
            other = ScenarioGenerator.Make(8).ToString();
        Assert.That(second, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
    }

    [Test]
    public void Generate_ManySeeds_DrawsAtLeastTwentyKindsAndEveryPlantedThing()
    {
        Scenario[] scenarios = [.. Enumerable.Range(1, 50).Select(ScenarioGenerator.Make)];
        Assert.Multiple(() =>
        {
            Assert.That(scenarios.SelectMany(s => s.Operations).Select(o => o.GetType()).Distinct().Count(), Is.GreaterThan(20));
            Assert.That(scenarios.Select(s => s.Operations.Count), Is.All.GreaterThanOrEqualTo(50));
            Assert.That(scenarios.SelectMany(s => s.Lowers).SelectMany(l => l.Entries).Select(e => e.GetType()).Distinct().Count(),
                Is.GreaterThanOrEqualTo(8));
        });
    }

    [Test]
    public void Generate_SeedsOfCi_DrawEveryDimension()
    {
        Scenario[] scenarios = [.. Enumerable.Range(1, SeedsInCi).Select(ScenarioGenerator.Make)];
        string[] words = [.. scenarios.SelectMany(s => s.Options.Split(',')).Distinct()];
        Assert.Multiple(() =>
        {
            Assert.That(words, Is.SupersetOf(new[]
            {
                "", "redirect_dir=on", "redirect_dir=follow", "redirect_dir=nofollow", "redirect_dir=off", "metacopy=on", "metacopy=off",
                "index=on", "index=off", "nfs_export=on", "userxattr", "volatile",
                "xino=off", "xino=auto", "xino=on", "squash_to_root", "squash_to_uid=1000", "squash_to_gid=1001", "squash_to_uid=5",
            }));
            Assert.That(words, Has.Some.StartsWith("uidmapping="));
            Assert.That(scenarios.SelectMany(s => s.Lowers).Select(l => l.FileSystem).Distinct(),
                Is.EquivalentTo(new[] { "", "ext4", "xfs", "btrfs", "erofs" }));
            Assert.That(scenarios.Select(s => s.Upper.FileSystem).Distinct(), Is.EquivalentTo(new[] { "", "ext4", "xfs", "btrfs" }));
            Assert.That(scenarios, Has.Some.Matches<Scenario>(s => s.Lowers.Select(l => l.FileSystem).Distinct().Count() >= 4));
            Assert.That(scenarios.Select(s => s.Lowers.Count), Has.Some.EqualTo(1).And.Some.GreaterThan(50));
            Assert.That(scenarios.Select(s => s.Io).Distinct(),
                Is.EquivalentTo(new[] { "open", "stateless", OverlayOptions.OpenWithWriteBack }));
            foreach (Type turn in new[] { typeof(Rotate), typeof(Remount), typeof(SwitchSides) })
                Assert.That(scenarios.SelectMany(s => s.Operations).Select(o => o.GetType()), Has.Some.EqualTo(turn));
        });
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable("OVERLAYFUSE_FUZZ_" + name), NumberStyles.None, CultureInfo.InvariantCulture,
            out int value) ? value : otherwise;
}
