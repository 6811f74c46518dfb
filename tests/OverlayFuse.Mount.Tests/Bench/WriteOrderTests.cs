using Mono.Unix.Native;
using OverlayFuse.BenchPeers;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Bench;

/// <summary>
/// Which call puts a copy's data on the disk: fsync(2) where the file system keeps no order, or where it is asked for. That the order is
/// kept is a row of FEATURES.md, "Durability".
/// </summary>
internal sealed class WriteOrderTests
{
    [TestCase("ext4", "", "sync_file_range")]
    [TestCase("xfs", "", "sync_file_range")]
    [TestCase("ext4", "fsync=strict", "fsync")]
    [TestCase("ext2", "", "fsync")] // no journal
    [TestCase("btrfs", "", "fsync")]
    [TestCase("ext4", "fsync=0", "")]
    [TestCase("ext2", "volatile", "")]
    public void CopyUp_OfAFileWithData_WaitsForTheDiskBy(string fileSystem, string options, string call)
    {
        // that only begins it
        string[] waits = call == "fsync" ? ["fsync", "sync_file_range"] : [.. new[] { call }.Where(name => name.Length > 0)];
        Assert.That(Waits(fileSystem, options, file => Assert.That(Syscall.chmod(file, FilePermissions.S_IRUSR), Is.Zero)),
            Is.EquivalentTo(waits));
    }

    /// <summary>A copy that was synced before it had its name has that name on the disk by fsync(2) only.</summary>
    [TestCase("", "fdatasync", "sync_file_range")]
    [TestCase("fsync=strict", "fsync", "sync_file_range")]
    public void Fdatasync_OfAFileThatWasCopiedUp_IsThat(string options, params string[] calls)
    {
        IEnumerable<string> waits = Waits("ext4", options, file =>
        {
            int fd = Syscall.open(file, OpenFlags.O_WRONLY);
            Assert.That(Files.Write(fd, [1]), Is.EqualTo(1));
            Assert.That(Syscall.fdatasync(fd), Is.Zero);
            Assert.That(Syscall.close(fd), Is.Zero);
        });
        Assert.That(waits, Is.EquivalentTo(calls));
    }

    /// <summary>What the daemon calls when something is done to a lower file.</summary>
    private static IEnumerable<string> Waits(string fileSystem, string options, Action<string> change)
    {
        using var sandbox = Sandbox.OnDisk();
        string disk = sandbox.MakeFileSystem(fileSystem, fileSystem == "xfs" ? 320 : 128);
        foreach (string name in new[] { "lower", "upper", "work" }) Directory.CreateDirectory($"{disk}/{name}");
        File.WriteAllText(disk + "/lower/f", "of the lower");
        using FuseOverlay mount = FuseOverlay.Mount(ProgramUnderTest.Path,
            new OverlayOptions([disk + "/lower"], disk + "/upper", disk + "/work", options), sandbox.PathOf("merged"));
        IReadOnlyDictionary<string, long> counts = CallCounter.During(mount.Daemons.Single(), () => change(mount.Mountpoint + "/f"));
        return counts.Keys.Intersect(["fsync", "fdatasync", "syncfs", "sync_file_range"]).ToList();
    }
}
