using Mono.Unix.Native;
using OverlayFuse.BenchPeers;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Bench;

/// <summary>Counts the requests that reading directories costs: each is one read(2) of the daemon.</summary>
internal sealed class ListingRequestTests
{
    private const int Names = 5000;

    /// <summary>What threads that wake each other add.</summary>
    private const long Stray = 10;

    private Sandbox sandbox = null!;
    private FuseOverlay mount = null!;

    [SetUp]
    public void Mount()
    {
        sandbox = Sandbox.OnDisk();
        for (int i = 0; i < Names; i++)
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(sandbox.PathOf("lower/long")).FullName, $"name {i}"), "");
        foreach (string tree in new[] { "lower/tree", "upper/new" })
        {
            for (int i = 0; i < 20; i++)
                File.WriteAllText(Path.Combine(Directory.CreateDirectory(sandbox.PathOf($"{tree}/{i}/below")).FullName, "file"), "text");
        }
        mount = FuseOverlay.Mount(ProgramUnderTest.Path,
            new OverlayOptions([sandbox.PathOf("lower")], sandbox.MakeDirectory("upper"), sandbox.MakeDirectory("work")),
            sandbox.PathOf("merged"));
        // What the start does afterwards is over.
        Thread.Sleep(1500);
    }

    [TearDown]
    public void Unmount()
    {
        mount?.Dispose();
        sandbox?.Dispose();
    }

    [Test]
    public void Walk_OfAKnownTree_SendsNothing()
    {
        string tree = mount.Mountpoint + "/tree";
        // The first walk reads the listings, which makes the kernel doubt the directories' atime; the second asks for that.
        Assert.That((Walk(tree), Walk(tree)), Is.EqualTo((60, 60)));
        Assert.That(Requests(() => Walk(tree)), Is.LessThanOrEqualTo(Stray));
    }

    [Test]
    public void Walk_OfAKnownTreeAfterAChange_ReadsTheChangedDirectoryOnly()
    {
        string tree = mount.Mountpoint + "/tree";
        Assert.That((Walk(tree), Walk(tree)), Is.EqualTo((60, 60)));
        File.WriteAllText(tree + "/7/new", "");
        long requests = Requests(() => Assert.That(Walk(tree), Is.EqualTo(61)));
        // READDIRPLUS, its end, and the attributes of the directory and of the new file.
        Assert.That(requests, Is.InRange(2, 6 + Stray));
    }

    /// <summary>`git status` does so where its index is old: the next one asks for all attributes.</summary>
    [TestCase("tree")]
    [TestCase("new")]
    public void Stat_OfFilesThatWereReadBeforeTheirDirectory_SendsNothing(string tree)
    {
        string[] below = [.. Enumerable.Range(0, 20).Select(i => $"{mount.Mountpoint}/{tree}/{i}/below")];
        foreach (string directory in below)
        {
            Assert.That(File.ReadAllText(directory + "/file"), Is.EqualTo("text"));
            Assert.That(DirectoryReader.Read(directory), Has.Count.EqualTo(1));
        }
        long requests = Requests(() => Array.ForEach(below, directory => Syscall.lstat(directory + "/file", out _)));
        Assert.That(requests, Is.LessThanOrEqualTo(Stray));
    }

    [Test]
    public void Stat_OfEachNameOfALongListing_IsPrimedWhenTheListingIsReadAgain()
    {
        string directory = mount.Mountpoint + "/long";
        long first = Requests(() => Assert.That(DirectoryReader.Read(directory), Has.Count.EqualTo(Names)));
        long second = Requests(() => StatEach(directory));
        long third = Requests(() => StatEach(directory));
        Assert.That((first, second), Is.EqualTo((Names / 200, Names / 200)).Within(Names / 100), "no LOOKUP for each name");
        Assert.That(third, Is.LessThanOrEqualTo(Stray), "both caches have all");
    }

    [Test]
    public void Stat_OfEachNameWhileALongListingIsRead_IsPrimedAfterTheFirstPart()
    {
        string directory = mount.Mountpoint + "/long";
        long requests = Requests(() =>
        {
            nint stream = Syscall.opendir(directory);
            while (Syscall.readdir(stream) is { } entry)
                Assert.That(Syscall.lstat($"{directory}/{entry.d_name}", out _), Is.Zero);
            Assert.That(Syscall.closedir(stream), Is.Zero);
        });
        Assert.That(requests, Is.LessThan(Names / 4));
    }

    private static void StatEach(string directory)
    {
        foreach (Dirent entry in DirectoryReader.Read(directory))
            Assert.That(Syscall.lstat($"{directory}/{entry.d_name}", out _), Is.Zero);
    }

    private static int Walk(string tree) =>
        Directory.EnumerateFileSystemEntries(tree, "*", SearchOption.AllDirectories).Count(path => Syscall.lstat(path, out _) == 0);

    private long Requests(Action work) => CallCounter.During(mount.Daemons.Single(), work).GetValueOrDefault("read");
}
