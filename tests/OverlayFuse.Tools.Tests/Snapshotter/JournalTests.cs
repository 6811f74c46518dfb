using OverlayFuse.Tools.Containerd;
using OverlayFuse.Tools.Snapshotter.Store;

namespace OverlayFuse.Tools.Tests.Snapshotter;

/// <summary>The journal of the snapshotter: what a crash leaves of it at any moment, and damage that no crash leaves.</summary>
internal sealed class JournalTests
{
    private string _directory = "";

    private string Path => System.IO.Path.Combine(_directory, "metadata");

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("ovf-journal-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void Open_AfterAppends_ReadsTheChangesInOrder()
    {
        Write("one", "two", "three");
        Assert.That(Read(), Is.EqualTo(new[] { "one", "two", "three" }));
    }

    /// <summary>A crash cuts the last change at any byte. What came before stays, and the next change follows it.</summary>
    [Test]
    public void Open_CutAtAnyByteOfTheLastChange_KeepsTheOthersAndTakesMore()
    {
        Write("one", "two");
        long before = new FileInfo(Path).Length;
        Write("three");
        byte[] whole = File.ReadAllBytes(Path);
        for (long length = before; length < whole.Length; length++)
        {
            File.WriteAllBytes(Path, whole[..(int)length]);
            Write("four");
            Assert.That(Read(), Is.EqualTo(new[] { "one", "two", "four" }), $"{length} of {whole.Length} bytes");
        }
    }

    /// <summary>After a loss of power a file system may show zeros where data were to be.</summary>
    [Test]
    public void Open_WithZerosBehindTheLastChange_KeepsTheChanges()
    {
        Write("one", "two");
        File.WriteAllBytes(Path, [.. File.ReadAllBytes(Path), .. new byte[4096]]);
        Write("three");
        Assert.That(Read(), Is.EqualTo(new[] { "one", "two", "three" }));
    }

    [Test]
    public void Open_WithAChangedByteInTheMiddle_RefusesAndLeavesTheFile()
    {
        Write("one", "two", "three");
        byte[] whole = File.ReadAllBytes(Path);
        int lastOfTwo = whole.AsSpan().IndexOf("two"u8);
        for (int at = 0; at < lastOfTwo; at++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 1;
            File.WriteAllBytes(Path, damaged);
            Assert.Throws<IOException>(() => Read(), $"byte {at}");
            Assert.That(File.ReadAllBytes(Path), Is.EqualTo(damaged), $"byte {at}");
        }
    }

    [Test]
    public void Rewrite_OfManyChanges_LeavesOneAndTakesMore()
    {
        Write("one", "two");
        using (Journal journal = Journal.Open(Path, _ => { }))
        {
            journal.Rewrite(ChangeOf("all"));
            journal.Append(ChangeOf("more"));
        }
        Assert.That(Read(), Is.EqualTo(new[] { "all", "more" }));
        Assert.That(Directory.GetFiles(_directory), Is.EqualTo(new[] { Path }));
    }

    [Test]
    public void Store_WrittenToForLong_StaysSmallAndKeepsItsContent()
    {
        const int rounds = 3000;
        using (var store = new MetadataStore(Path))
        {
            for (int i = 0; i < rounds; i++)
            {
                var info = new Info { Name = "key", Kind = Kind.Active, Labels = { ["pad"] = new string('x', 500) } };
                store.Add(new Entry { Id = store.TakeId(), Info = info });
                if (i < rounds - 1)
                    store.Remove("key");
            }
        }
        Assert.That(new FileInfo(Path).Length, Is.LessThan(512 * 1024));
        using var again = new MetadataStore(Path);
        Assert.That(again.Ids, Is.EqualTo(new[] { (ulong)rounds }));
        Assert.That(again.TakeId(), Is.EqualTo(rounds + 1));
    }

    /// <summary>What is written anew has no room, or no right to be there. The changes go on in the old file.</summary>
    [Test]
    public void Store_ThatCannotBeWrittenAnew_LosesNothing()
    {
        const int rounds = 1000;
        Write();
        Directory.CreateDirectory(Path + ".new");
        using (var store = new MetadataStore(Path))
        {
            for (int i = 0; i < rounds; i++)
            {
                var info = new Info { Name = $"{i}", Labels = { ["pad"] = new string('x', 500) } };
                store.Add(new Entry { Id = store.TakeId(), Info = info });
            }
            Directory.Delete(Path + ".new");
            for (int i = 0; i < 4 * rounds; i++)
                store.Replace(store.Get("0"));
        }
        using var again = new MetadataStore(Path);
        Assert.That(again.Ids, Has.Count.EqualTo(rounds));
    }

    private static Change ChangeOf(string text) => new() { Removed = { text } };

    private void Write(params string[] changes)
    {
        using Journal journal = Journal.Open(Path, _ => { });
        foreach (string change in changes)
            journal.Append(ChangeOf(change));
    }

    private List<string> Read()
    {
        List<string> changes = [];
        using Journal journal = Journal.Open(Path, change => changes.Add(change.Removed.Single()));
        return changes;
    }
}
