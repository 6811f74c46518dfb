using Mono.Unix.Native;
using OverlayFuse.BenchPeers;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Bench;

/// <summary>Counts the requests that syncing costs: each is one read(2) of the daemon.</summary>
internal sealed class SyncRequestTests
{
    private RingSwitch _ring = null!;

    /// <summary>Requests of /dev/fuse are counted by the calls that carry them.</summary>
    [OneTimeSetUp]
    public void KeepDevFuse() => _ring = new RingSwitch(false);

    [OneTimeTearDown]
    public void PutBack() => _ring.Dispose();

    private const int Times = 100;

    /// <summary>What threads that wake each other add.</summary>
    private const long Stray = 10;

    [TestCase("", Times)]
    [TestCase("volatile", 0)]
    [TestCase("fsync=0", 0)]
    public void Fsync_OfAFileAndItsDirectory_IsARequestWhereItSyncs(string options, long requests)
    {
        using var sandbox = Sandbox.OnDisk();
        Directory.CreateDirectory(sandbox.PathOf("lower/directory"));
        using FuseOverlay mount = FuseOverlay.Mount(ProgramUnderTest.Path,
            new OverlayOptions([sandbox.PathOf("lower")], sandbox.MakeDirectory("upper"), sandbox.MakeDirectory("work"), options),
            sandbox.PathOf("merged"));
        string directory = mount.Mountpoint + "/directory";
        File.WriteAllText(directory + "/file", "new");
        // The first answer tells the kernel.
        SyncEach(directory, 1);
        IReadOnlyDictionary<string, long> counts = CallCounter.During(mount.Daemons.Single(), () => SyncEach(directory, Times));
        Assert.That(counts.GetValueOrDefault("read"), Is.EqualTo(2 * requests).Within(Stray));
    }

    private static void SyncEach(string directory, int times)
    {
        foreach (string path in new[] { directory, directory + "/file" })
        {
            int fd = Syscall.open(path, OpenFlags.O_RDONLY);
            Assert.That(fd, Is.Not.Negative);
            Assert.That(Enumerable.Range(0, times).Select(_ => Syscall.fsync(fd)), Is.All.Zero);
            Assert.That(Syscall.close(fd), Is.Zero);
        }
    }
}
