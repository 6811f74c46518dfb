using OverlayFuse.Linux;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Tests;

/// <summary>The UUID of an ext4, on kernels that do not tell it.</summary>
internal sealed class FileSystemUuidTests
{
    [TestCase("ext4", 32)]
    [TestCase("ext2", 32)]
    public void Search_OnADisk_FindsWhatTheKernelTells(string type, int sizeMiB)
    {
        using Sandbox sandbox = Sandbox.OnDisk();
        using ScopedFd root = Open(sandbox.MakeFileSystem(type, sizeMiB));
        byte[] told = new byte[16];
        Assert.That(Sys.GetFileSystemUuid(root, told), Is.EqualTo(Errno.None));
        Assert.That(FileSystemUuid.Search(root), Is.EqualTo(told));
        Assert.That(FileSystemUuid.Of(root), Is.EqualTo(told));
    }

    [Test]
    public void Search_WhereThereIsNoExt4_FindsNone()
    {
        using Sandbox sandbox = Sandbox.InMemory();
        using ScopedFd root = Open(sandbox.Root);
        Assert.That(FileSystemUuid.Search(root), Is.Null);
    }

    [TestCase(0, true)]
    [TestCase(5, false)]
    public void LacksUuid_HandlesThatDifferInIt_IsTrueWhenOursIsUnknown(byte first, bool lacks)
    {
        byte[] known = [0, 0xFB, 29, 0, 1, .. Enumerable.Repeat((byte)9, 16), 1, 2, 3, 4, 5, 6, 7, 8];
        byte[] made = [.. known];
        made.AsSpan(5, 16).Clear();
        made[5] = first;
        Assert.That(Origin.LacksUuid(made, known), Is.EqualTo(lacks));
        Assert.That(Origin.LacksUuid(made, made), Is.False, "a file system may have none");
    }

    private static ScopedFd Open(string directory) =>
        Sys.OpenAt(Fd.WorkingDirectory, Linux.Name.From(directory), OpenFlags.ReadOnly | OpenFlags.Directory, out Fd fd) is var error
            && error == Errno.None
            ? new ScopedFd(fd) : throw new IOException($"{directory}: {error}");
}
