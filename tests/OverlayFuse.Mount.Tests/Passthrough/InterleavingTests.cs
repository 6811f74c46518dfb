using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Passthrough;

/// <summary>
/// Random steps on a lower file that is open many times, beside the same steps in the kernel's overlayfs. What is read by a descriptor from
/// before the copy-up is the lower file's, whatever is written; everything else is what the kernel answers.
/// </summary>
[TestFixture]
internal sealed class InterleavingTests
{
    private const int Runs = 1000, Steps = 24, Hole = 1 << 20, End = 8192, Size = Hole + End;
    private static readonly byte[] Head = [.. Enumerable.Range(0, End).Select(i => (byte)(i * 31 + i / 256))];
    private static readonly O[] Ways = [O.RDONLY, O.RDONLY, O.RDONLY, O.RDWR, O.WRONLY, O.RDWR | O.APPEND, O.RDWR | O.TRUNC,
        O.RDWR | O.CREAT];

    private Sandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = Sandbox.InMemory();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [Test]
    public void Steps_LowerFileOpenManyTimes_NeverReachTheLowerLayer()
    {
        using OverlayMount kernel = Mount("kernel", ProgramUnderTest.KernelItself), ours = Mount("ours", ProgramUnderTest.Path);
        var leftBehind = 0;
        for (int run = 0; run < Runs; run++)
            leftBehind += Run(run, $"{kernel.Mountpoint}/f{run}", $"{ours.Mountpoint}/f{run}");
        Assert.That(leftBehind, Is.GreaterThan(Runs / 4), "runs that had the lower file open over its copy-up");
        Assert.Multiple(() =>
        {
            for (int run = 0; run < Runs; run++)
                Assert.That(IsAsMade(sandbox.PathOf("ours", "lower", $"f{run}")), $"the lower file of run {run}");
        });
    }

    private OverlayMount Mount(string name, string program)
    {
        string lower = sandbox.MakeDirectory(name, "lower");
        for (int run = 0; run < Runs; run++) MakeLower($"{lower}/f{run}");
        var options = new OverlayOptions([lower], sandbox.MakeDirectory(name, "upper"),
            sandbox.MakeDirectory(name, "work"))
        { Io = "passthrough" };
        return ProgramUnderTest.Mount(program, options, sandbox.PathOf(name, "merged"));
    }

    /// <summary>Data, a large hole, and the same data again.</summary>
    private static void MakeLower(string path)
    {
        using FileStream file = File.Create(path);
        file.Write(Head);
        file.Position = Hole;
        file.Write(Head);
    }

    private static byte[] LowerBytes(long offset, int length) =>
        [.. Enumerable.Range(0, length).Select(i => offset + i).TakeWhile(at => at < Size)
            .Select(at => at < End ? Head[at] : at >= Hole ? Head[at - Hole] : (byte)0)];

    private static bool IsAsMade(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        return bytes.Length == Size && bytes.AsSpan(0, End).SequenceEqual(Head) && bytes.AsSpan(Hole).SequenceEqual(Head)
            && !bytes.AsSpan(End, Hole - End).ContainsAnyExcept((byte)0);
    }

    /// <returns>1 when a descriptor of the lower file outlived the copy-up.</returns>
    private static int Run(int seed, string expectedPath, string actualPath)
    {
        using InterleavingSide expected = new(expectedPath), actual = new(actualPath);
        var steps = new InterleavingSteps(new Random(seed), expected, actual, LowerBytes, Ways) { End = End, Hole = Hole };
        for (int i = 0; i < Steps; i++) steps.Next();
        Assert.That(steps.Differences, Is.Empty, () => $"run {seed}:\n{string.Join('\n', steps.Log)}");
        Assert.That(File.ReadAllBytes(actualPath).AsSpan().SequenceEqual(File.ReadAllBytes(expectedPath)), Is.True,
            $"run {seed}: the merged file");
        return steps.HadLeftBehind ? 1 : 0;
    }
}
