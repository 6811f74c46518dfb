namespace OverlayFuse.Linux.Tests;

/// <summary>Processors and the threads that are bound to them.</summary>
internal sealed class ProcessorTests
{
    [TestCase("0-1\n", 2)]
    [TestCase("0\n", 1)]
    [TestCase("0-3,8\n", 5)]
    [TestCase("0-127,256-383", 256)]
    [TestCase("", 0)]
    [TestCase("3-1", 0)]
    [TestCase("a-b", 0)]
    public void Count_OfAList_IsThatOfItsNumbers(string list, int count) => Assert.That(Processors.Count(list), Is.EqualTo(count));

    [Test]
    public void Possible_OfThisMachine_AreAtLeastThoseOfTheProcess() =>
        Assert.That(Processors.Possible, Is.GreaterThanOrEqualTo(Environment.ProcessorCount));

    [Test]
    public void PinThread_AndUnpin_RunsOnOneAndOnAll()
    {
        (string Before, string Pinned, string After) seen = default;
        Errno[] errors = [];
        var thread = new Thread(() =>
        {
            seen.Before = Allowed();
            Errno pinned = Sys.PinThread(0);
            seen.Pinned = Allowed();
            errors = [pinned, Sys.UnpinThread()];
            seen.After = Allowed();
        });
        thread.Start();
        thread.Join();
        Assert.That(errors, Is.All.EqualTo(Errno.None));
        Assert.That((seen.Pinned, seen.After), Is.EqualTo(("0", seen.Before)));
    }

    [TestCase(-1)]
    [TestCase(8191)]
    [TestCase(1 << 20)]
    public void PinThread_ToAProcessorThatIsNotThere_Fails(int processor) =>
        Assert.That(Sys.PinThread(processor), Is.EqualTo(Errno.EINVAL));

    private static string Allowed() => File.ReadLines("/proc/thread-self/status")
        .Single(line => line.StartsWith("Cpus_allowed_list", StringComparison.Ordinal)).Split('\t')[1];
}
