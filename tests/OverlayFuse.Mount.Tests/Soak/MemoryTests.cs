using System.Formats.Tar;
using OverlayFuse.Mount.Tests.Apps;

namespace OverlayFuse.Mount.Tests.Soak;

/// <summary>The daemon's memory and descriptors after work on very many files.</summary>
[TestFixture]
internal sealed class MemoryTests : AppTest
{
    private const int Directories = 200, FilesEach = 500;

    /// <summary>Inodes that the kernel remembers cost the daemon 256 bytes each; 100,000 of them are 25 MiB. The rest is room for a runtime and its buffers.</summary>
    private const long LimitKiB = 128 * 1024;

    /// <summary>What a second round of the same work may add: the heap's own unevenness, not growth with the work.</summary>
    private const double GrowthShare = 1.15;

    private const long UnevennessKiB = 4096;

    [Test]
    [TestCase(10, Category = "Apps")]
    [TestCase(Directories, Category = "Soak")]
    public void TarAndRemove_HundredThousandFilesTwice_MemoryIsBoundedAndDoesNotGrow(int directories)
    {
        string archive = MakeArchive(directories);
        using MergedView view = MergedView.Over(Sandbox, Sandbox.MakeDirectory("lower"));

        AssertBounded(view, () => view.Run($"tar -xf {archive}\ntar -cf - . | cat >/dev/null\nrm -rf *\ntest -z \"$(ls -A)\"", timeoutSeconds: 1800));
    }

    [Test]
    [TestCase(10, Category = "Apps")]
    [TestCase(Directories, Category = "Soak")]
    public void ReadOfTheLowerLayer_HundredThousandFilesTwice_MemoryIsBoundedAndDoesNotGrow(int directories)
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run($"tar -xf {MakeArchive(directories)}", lower);
        using MergedView view = MergedView.Over(Sandbox, lower);

        AssertBounded(view, () => view.Run("tar -cf - . | cat >/dev/null\nls -lR >/dev/null", timeoutSeconds: 1800));
        view.Run("rm -rf *\ntest -z \"$(ls -A)\"", timeoutSeconds: 1800);
        AssertWithinLimit(view, "rm -rf of the lower layer's files");
    }

    /// <summary>With the default limit of descriptors, 1024, more directories than that are walked and changed, with more open files than half of it.</summary>
    [Test, Category("Apps")]
    public void Walk_FewDescriptorsAllowed_EverythingIsReachedAndDescriptorsAreGivenBack()
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run("for i in $(seq 3000); do mkdir -p a$((i % 40))/b$i; echo $i > a$((i % 40))/b$i/f; done", lower);
        using MergedView view = MergedView.WithFewDescriptors(Sandbox, 1024, "auto", lower);
        string visit = "find . -type f | wc -l; find . -type f -print0 | xargs -0 cat | wc -l; find . -type f -print0 | xargs -0 -n 500 touch; mkdir a1/new; rm -r a1/new";

        Assert.That(view.Run(visit), Is.EqualTo("3000\n3000\n"));
        Assert.That(view.Run("exec 3<.; for i in $(seq 600); do exec {fd}<a$((i % 40))/b$i/f; done; find . -type f | wc -l"), Is.EqualTo("3000\n"));
        Assert.That(view.Run(visit), Is.EqualTo("3000\n3000\n"));
        Assert.That(DaemonProcess.Descriptors(view.Daemons), Is.LessThan(1024 / 2 + 64), "descriptors: a quarter of the limit for directories, a quarter for files");
        view.AssertLowersUntouched();
    }

    private static void AssertBounded(MergedView view, Action work)
    {
        work();
        long first = AssertWithinLimit(view, "first round");
        int descriptors = DaemonProcess.Descriptors(view.Daemons);
        work();
        long second = AssertWithinLimit(view, "second round");
        Assert.Multiple(() =>
        {
            Assert.That(second, Is.LessThanOrEqualTo((first * GrowthShare) + UnevennessKiB), "resident KiB after the second round");
            Assert.That(DaemonProcess.Descriptors(view.Daemons), Is.LessThanOrEqualTo(descriptors + 16), "descriptors after the second round");
        });
    }

    private static long AssertWithinLimit(MergedView view, string when)
    {
        Assert.That(view.Daemons, Is.Not.Empty, "there is a daemon to be measured");
        long resident = DaemonProcess.ResidentKiB(view.Daemons);
        TestContext.Out.WriteLine($"after {when}: {resident} KiB resident, {DaemonProcess.Descriptors(view.Daemons)} descriptors");
        Assert.That(resident, Is.LessThanOrEqualTo(LimitKiB), $"resident KiB after {when}");
        return resident;
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
