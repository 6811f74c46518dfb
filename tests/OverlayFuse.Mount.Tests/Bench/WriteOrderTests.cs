using Mono.Unix.Native;
using OverlayFuse.BenchPeers;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Bench;

/// <summary>Which call puts a copy's data on the disk: fsync(2) where the file system keeps no order, or where it is asked for. That the order is kept is a row of FEATURES.md, "Durability".</summary>
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
        using var sandbox = Sandbox.OnDisk();
        string disk = sandbox.MakeFileSystem(fileSystem, fileSystem == "xfs" ? 320 : 128);
        IEnumerable<string> called;
        foreach (string name in new[] { "lower", "upper", "work" }) Directory.CreateDirectory($"{disk}/{name}");
        File.WriteAllText(disk + "/lower/f", "of the lower");
        using (FuseOverlay mount = FuseOverlay.Mount(ProgramUnderTest.Path, new OverlayOptions([disk + "/lower"], disk + "/upper", disk + "/work", options), sandbox.PathOf("merged")))
        using (var counter = new CallCounter(mount.Daemons.Single()))
        {
            Assert.That(Syscall.chmod(mount.Mountpoint + "/f", FilePermissions.S_IRUSR), Is.Zero);
            called = counter.Stop().Keys;
        }
        string[] waits = call == "fsync" ? ["fsync", "sync_file_range"] : [.. new[] { call }.Where(name => name.Length > 0)]; // that only begins it
        Assert.That(called.Intersect(["fsync", "fdatasync", "syncfs", "sync_file_range"]), Is.EquivalentTo(waits));
    }
}
