using System.Text;
using System.Text.RegularExpressions;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>One scenario on two implementations: what was answered, what is seen in the end, and each difference.</summary>
internal sealed class Comparison
{
    private static readonly Regex? Ignored = Environment.GetEnvironmentVariable("OVERLAYFUSE_ORACLE_IGNORE") is { Length: > 0 } pattern
        ? new Regex(pattern) : null;
    private readonly Scenario scenario;
    private readonly List<string> differences = [];
    private readonly List<string> answers = [];
    private bool endedEarly;

    /// <summary>OVERLAYFUSE_ORACLE_STAY=1: nobody goes on with the other's upper, for options that the kernel has not.</summary>
    private static readonly bool StaysOnItsSide = Environment.GetEnvironmentVariable("OVERLAYFUSE_ORACLE_STAY") == "1";

    private Comparison(Scenario scenario) => this.scenario = scenario;

    /// <summary>
    /// What differs. OVERLAYFUSE_ORACLE_IGNORE (a regular expression) leaves lines out, to look behind a difference that is known already.
    /// </summary>
    public IReadOnlyList<string> Differences => Ignored is null ? differences : [.. differences.Where(line => !Ignored.IsMatch(line))];

    /// <summary>The kernel's answers, one for each operation.</summary>
    public IReadOnlyList<string> Answers => answers;

    /// <summary>The merged tree and the upper of the side that the kernel mounted first.</summary>
    public TreeSnapshot Merged { get; private set; } = null!;

    public TreeSnapshot Upper { get; private set; } = null!;

    /// <summary>What is left in the index of the other side.</summary>
    public IReadOnlyList<string> LeftInIndex { get; private set; } = [];

    /// <summary>Runs the scenario on both sides, the kernel first.</summary>
    public static Comparison Run(Scenario scenario, Place place, string program)
    {
        var comparison = new Comparison(scenario);
        try
        {
            var lowers = new LowerLayers(scenario, place);
            using var expected = new Side(place, "kernel", scenario, lowers,
                (ProgramUnderTest.KernelItself, StaysOnItsSide ? ProgramUnderTest.KernelItself : program));
            using var actual = new Side(place, "ours", scenario, lowers,
                (program, StaysOnItsSide ? program : ProgramUnderTest.KernelItself));
            comparison.RunOperations(expected, actual);
            comparison.CompareTrees(expected, actual);
        }
        catch (Exception exception) when (exception is not InvalidLayerException)
        {
            comparison.differences.Add($"ended by {exception.GetType().Name}: {exception.Message}");
        }
        return comparison;
    }

    public override string ToString() =>
        new StringBuilder(scenario.ToString()).AppendLine("Differences:").AppendJoin('\n', Differences).ToString();

    private void RunOperations(Side expected, Side actual)
    {
        for (int i = 0; i < scenario.Operations.Count; i++)
        {
            Operation operation = scenario.Operations[i];
            if (KnownDifferences.IsChangeOfRemovedDirectory(operation, expected.Session))
            {
                answers.Add("left out");
                continue;
            }
            string want = operation.Run(expected.Session), got = operation.Run(actual.Session);
            answers.Add(want);
            if (endedEarly = KnownDifferences.IsCopyUpOfUnlinked(operation, want, got)
                || KnownDifferences.IsCopyBetweenDisks(operation, want, got)
                || (want != got && KnownDifferences.IsEmptyCapability(scenario, want, got))) return;
            if (scenario.IsLoose) (want, got) = (Loosened(want), Loosened(got));
            if (want != got && !KnownDifferences.Allow(scenario, operation, want, got))
                differences.Add($"step {i}, {operation}: {expected.Name} says {want}, {actual.Name} says {got}");
        }
    }

    private void CompareTrees(Side expected, Side actual)
    {
        (string want, string got) = (expected.Name, actual.Name);
        Merged = expected.Merged();
        TreeSnapshot actuallyMerged = actual.Merged();
        differences.AddRange(Merged.Differences(actuallyMerged, want, got)
            .Where(line => !(scenario.IsLoose && IsLinksOfDirectory(line)) && !KnownDifferences.Allow(scenario, answers, line))
            .Select(line => "merged: " + line));
        Upper = expected.UnmountedUpper();
        TreeSnapshot actualUpper = actual.UnmountedUpper();
        LeftInIndex = actual.Index();
        if (scenario.OnlyMerged) return;
        if (!scenario.IsLoose) CompareUppers(expected, actual, actualUpper);
        if (!scenario.IsLoose && scenario.Options.Contains("nfs_export=on", StringComparison.Ordinal)) CompareIndexes(expected, actual);
        differences.AddRange(expected.BrokenPromises().Concat(actual.BrokenPromises())
            .Where(line => !KnownDifferences.Allow(scenario, answers, line)));
        differences.AddRange(HandOver(expected, Merged).Concat(HandOver(actual, actuallyMerged)));
    }

    private void CompareUppers(Side expected, Side actual, TreeSnapshot actualUpper)
    {
        differences.AddRange(DifferencesOnDisk("upper", Upper, actualUpper, (expected.Name, actual.Name)));
        foreach ((int number, (string want, TreeSnapshot before),
            (string got, TreeSnapshot actuallyBefore)) in expected.Rotated.Zip(actual.Rotated)
                .Select((pair, i) => (i, pair.First, pair.Second)))
            differences.AddRange(DifferencesOnDisk($"upper before rotation {number}", before, actuallyBefore, (want, got)));
    }

    /// <summary>Entries are named after inodes that each side has its own of: compared is what they are, and how many.</summary>
    private void CompareIndexes(Side expected, Side actual)
    {
        List<string> wanted = EntriesOf(expected), unwanted = EntriesOf(actual);
        foreach (string entry in wanted.ToArray())
            if (unwanted.Remove(entry)) wanted.Remove(entry);
        differences.AddRange(wanted.Select(entry => $"index: only on {expected.Name}: {entry}")
            .Concat(unwanted.Select(entry => $"index: only on {actual.Name}: {entry}")));
    }

    /// <summary>Names with '#' are temporary; the kernel keeps its whiteouts' inode under one.</summary>
    private static List<string> EntriesOf(Side side) =>
        [.. side.Index().Where(path => !Path.GetFileName(path).StartsWith('#'))
            .Select(path => TreeEntry.Read(path, TreeView.OnDisk).ToString()).Order(StringComparer.Ordinal)];

    private IEnumerable<string> DifferencesOnDisk(string what, TreeSnapshot expected, TreeSnapshot actual,
        (string Expected, string Actual) names) =>
        expected.Differences(actual, names.Expected, names.Actual).Select(line => $"{what} on disk: {line}")
            .Where(line => !(endedEarly && KnownDifferences.IsImpure(line)) && !KnownDifferences.Allow(scenario, answers, line));

    /// <summary>A directory shows its own number of links until it is copied up, and 1 from then on.</summary>
    private bool IsLinksOfDirectory(string line) =>
        line.IndexOf(": nlink: ", StringComparison.Ordinal) is > 0 and int end && Merged.Has(line[..end])
            && Merged[line[..end]].IsDirectory;

    private string Loosened(string answer)
    {
        if (scenario.Io == "stateless") answer = Regex.Replace(answer, @" ?trusted\.SGI_ACL_\w+", "");
        return scenario.Io == "stateless" || answer.StartsWith("directory ", StringComparison.Ordinal)
            ? Regex.Replace(answer, @" nlink \d+", "") : answer;
    }

    /// <summary>Interchange: what one implementation wrote, the other one shows as the same tree.</summary>
    private IEnumerable<string> HandOver(Side side, TreeSnapshot merged)
    {
        string writer = side.Name;
        side.Remount(switchImplementation: true);
        return merged.Differences(side.Merged(), writer, side.Name).Where(line => !KnownDifferences.Allow(scenario, answers, line))
            .Select(line => $"written by {writer}, mounted by {side.Name}: {line}");
    }
}
