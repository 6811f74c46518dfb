using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Posix;

/// <summary>Large directories, and directories that change while they are read.</summary>
internal sealed class DirectoryTests(string place) : PosixFixture(place)
{
    private const int Probes = 50;

    [TestCase(10_000)]
    [TestCase(100_000, Category = "Soak")]
    public void ReadDir_ManyEntries_ListsEachOnceAndSeeksToAny(int count)
    {
        Start(Many(count));
        nint stream = Syscall.opendir(PathOf("d"));
        var names = new List<string>();
        var positions = new List<long>();
        for (long at = Syscall.telldir(stream); Syscall.readdir(stream) is { } entry; at = Syscall.telldir(stream))
        {
            positions.Add(at);
            names.Add(entry.d_name);
        }
        Assert.That(names.Where(name => name is not ("." or "..")), Is.EquivalentTo(Enumerable.Range(0, count).Select(StableName)));
        var random = new Random(count);
        for (int i = 0; i < Probes; i++)
        {
            int probe = random.Next(positions.Count);
            _ = Syscall.seekdir(stream, positions[probe]);
            Assert.That(Syscall.readdir(stream)?.d_name, Is.EqualTo(names[probe]));
        }
        _ = Syscall.rewinddir(stream);
        Assert.That(DirectoryReader.Rest(stream, "d").Select(entry => entry.d_name), Is.EqualTo(names));
        _ = Syscall.closedir(stream);
    }

    /// <summary>POSIX leaves open whether a name that comes or goes is seen; all others must be seen exactly once.</summary>
    [TestCase(2_000, 3)]
    [TestCase(100_000, 10, Category = "Soak")]
    public void ReadDir_WhileOthersCreateAndUnlink_ListsStableNamesExactlyOnce(int count, int rounds)
    {
        Start(Many(count));
        using var ended = new CancellationTokenSource();
        Task churn = Task.Factory.StartNew(() => Churn(ended.Token), TaskCreationOptions.LongRunning);
        try
        {
            for (int round = 0; round < rounds; round++)
            {
                List<string> stable = [.. DirectoryReader.ReadAll(PathOf("d")).Select(entry => entry.d_name)
                    .Where(name => name.StartsWith("stable", StringComparison.Ordinal))];
                Assert.That(stable, Has.Count.EqualTo(count));
                Assert.That(stable.Distinct().Count(), Is.EqualTo(count));
            }
        }
        finally
        {
            ended.Cancel();
            churn.Wait();
        }
    }

    [Test]
    public void ReadDir_OwnNamesUnlinkedOnTheWay_RemovesThemAll()
    {
        const int Count = 1_000;
        Start(Many(Count));
        nint stream = Syscall.opendir(PathOf("d"));
        int removed = 0;
        while (Syscall.readdir(stream) is { } entry)
            if (entry.d_name is not ("." or ".."))
            {
                Tool.Check(Syscall.unlink(PathOf("d/" + entry.d_name)), "unlink " + entry.d_name);
                removed++;
            }
        _ = Syscall.closedir(stream);
        Assert.That(removed, Is.EqualTo(Count));
        Assert.That(Syscall.rmdir(PathOf("d")), Is.Zero, "the directory is empty now");
    }

    private static Layer Many(int count)
    {
        Layer layer = new Layer().Dir("d");
        for (int i = 0; i < count; i++) layer.File("d/" + StableName(i));
        return layer;
    }

    private static string StableName(int i) => $"stable name number {i:D6}";

    private void Churn(CancellationToken ended)
    {
        for (int i = 0; !ended.IsCancellationRequested; i++)
        {
            Close(Open($"d/passing {i % 500}", O.WRONLY | O.CREAT));
            if (i >= 250) Tool.Check(Syscall.unlink(PathOf($"d/passing {(i - 250) % 500}")), "unlink");
        }
    }
}
