using System.Formats.Tar;
using OverlayFuse.Mount.Tests.Apps;

namespace OverlayFuse.Mount.Tests.Soak;

/// <summary>The daemon's memory and descriptors after work on very many files.</summary>
[TestFixture]
internal sealed class MemoryTests : AppTest
{
    private const int Directories = 200, FilesEach = 500;

    /// <summary>Directories of the tree that is worked on again and again: 10,000 files.</summary>
    private const int DirectoriesOfARound = 20;

    /// <summary>So many rounds until the collector's heap has found its size, so many on that plateau, and so many more.</summary>
    private const int RoundsOfAPart = 12;

    /// <summary>
    /// What the last part may add to the one before: steps of the heap. It is 17 bytes for each file between them, less than any object of
    /// .NET.
    /// </summary>
    private const long UnevennessKiB = 2048;

    /// <summary>What the program has without files.</summary>
    private const long IdleKiB = 28 * 1024;

    /// <summary>An inode that the kernel remembers costs 170 bytes; the rest is what the collector has not collected yet.</summary>
    private const long KiBOfAFile = 1;

    [Test]
    [TestCase(10, Category = "Apps")]
    [TestCase(Directories, Category = "Soak")]
    public void TarAndRemove_HundredThousandFilesTwice_MemoryIsBounded(int directories)
    {
        string archive = MakeArchive(directories);
        using MergedView view = MergedView.Over(Sandbox, Sandbox.MakeDirectory("lower"));

        AssertBounded(view, directories, () => TarAndRemove(view, archive));
    }

    [Test, Category("Soak")]
    public void TarAndRemove_AgainAndAgain_MemoryComesToAPlateau()
    {
        string archive = MakeArchive(DirectoriesOfARound);
        using MergedView view = MergedView.OnDisk(Sandbox, MakeTmpfs("size=50%"), Sandbox.MakeDirectory("lower"));

        AssertPlateau(view, () => TarAndRemove(view, archive));
    }

    [Test, Category("Soak")]
    public void ReadOfTheLowerLayer_AgainAndAgain_MemoryComesToAPlateau()
    {
        using MergedView view = MergedView.Over(Sandbox, MakeLower(DirectoriesOfARound));

        AssertPlateau(view, () => Read(view));
    }

    [Test]
    [TestCase(10, Category = "Apps")]
    [TestCase(Directories, Category = "Soak")]
    public void ReadOfTheLowerLayer_HundredThousandFilesTwice_MemoryIsBounded(int directories)
    {
        using MergedView view = MergedView.Over(Sandbox, MakeLower(directories));

        AssertBounded(view, directories, () => Read(view));
        view.Run("rm -rf *\ntest -z \"$(ls -A)\"", timeoutSeconds: 1800);
        AssertWithinLimit(view, directories, "rm -rf of the lower layer's files");
    }

    /// <summary>
    /// With the default limit of descriptors, 1024, more directories than that are walked and changed, with more open files than half of
    /// it.
    /// </summary>
    [Test, Category("Apps")]
    public void Walk_FewDescriptorsAllowed_EverythingIsReachedAndDescriptorsAreGivenBack()
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run("for i in $(seq 3000); do mkdir -p a$((i % 40))/b$i; echo $i > a$((i % 40))/b$i/f; done", lower);
        using MergedView view = MergedView.WithFewDescriptors(Sandbox, 1024, "auto", lower);
        string visit = "find . -type f | wc -l; find . -type f -print0 | xargs -0 cat | wc -l; find . -type f -print0 | "
            + "xargs -0 -n 500 touch; mkdir a1/new; rm -r a1/new";

        Assert.That(view.Run(visit), Is.EqualTo("3000\n3000\n"));
        Assert.That(view.Run("exec 3<.; for i in $(seq 600); do exec {fd}<a$((i % 40))/b$i/f; done; find . -type f | wc -l"),
            Is.EqualTo("3000\n"));
        Assert.That(view.Run(visit), Is.EqualTo("3000\n3000\n"));
        Assert.That(DaemonProcess.Descriptors(view.Daemons), Is.LessThan(1024 / 2 + 64),
            "descriptors: a quarter of the limit for directories, a quarter for files");
        view.AssertLowersUntouched();
    }

    private static void TarAndRemove(MergedView view, string archive) =>
        view.Run($"tar -xf {archive}\ntar -cf - . | cat >/dev/null\nrm -rf *\ntest -z \"$(ls -A)\"", timeoutSeconds: 1800);

    private static void Read(MergedView view) => view.Run("tar -cf - . | cat >/dev/null\nls -lR >/dev/null", timeoutSeconds: 1800);

    /// <summary>
    /// A heap grows to its size at first, and in steps: so the middle rounds of three parts are compared, and the first part does not
    /// count.
    /// </summary>
    private static void AssertPlateau(MergedView view, Action work)
    {
        var resident = new List<long>();
        for (int round = 0; round < 3 * RoundsOfAPart; round++)
        {
            work();
            Assert.That(view.Daemons, Is.Not.Empty, "there is a daemon to be measured");
            resident.Add(DaemonProcess.ResidentKiB(view.Daemons));
        }
        TestContext.Out.WriteLine($"resident KiB after each round: {string.Join(' ', resident)}");
        long[] medians = [.. resident.Chunk(RoundsOfAPart).Select(part => part.Order().ElementAt(RoundsOfAPart / 2))];
        Assert.That(medians[2], Is.LessThanOrEqualTo(medians[1] + UnevennessKiB), "resident KiB in the last third, and in the one before");
    }

    private static void AssertBounded(MergedView view, int directories, Action work)
    {
        work();
        AssertWithinLimit(view, directories, "first round");
        int descriptors = DaemonProcess.Descriptors(view.Daemons);
        work();
        AssertWithinLimit(view, directories, "second round");
        Assert.That(DaemonProcess.Descriptors(view.Daemons), Is.LessThanOrEqualTo(descriptors + 16), "descriptors after the second round");
    }

    private static void AssertWithinLimit(MergedView view, int directories, string when)
    {
        Assert.That(view.Daemons, Is.Not.Empty, "there is a daemon to be measured");
        long resident = DaemonProcess.ResidentKiB(view.Daemons);
        TestContext.Out.WriteLine($"after {when}: {resident} KiB resident, {DaemonProcess.Descriptors(view.Daemons)} descriptors");
        Assert.That(resident, Is.LessThanOrEqualTo(IdleKiB + (directories * FilesEach * KiBOfAFile)), $"resident KiB after {when}");
    }

    private string MakeLower(int directories)
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run($"tar -xf {MakeArchive(directories)}", lower);
        return lower;
    }

    private string MakeArchive(int directories)
    {
        string path = Sandbox.PathOf("many.tar");
        using FileStream file = File.Create(path);
        using var writer = new TarWriter(file);
        for (int i = 0; i < directories * FilesEach; i++)
        {
            using var content = new MemoryStream("some bytes"u8.ToArray());
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"d{i % directories}/file-{i}") { DataStream = content });
        }
        return path;
    }
}
