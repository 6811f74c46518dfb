using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>
/// A temporary directory of its own for one test. Dispose unmounts everything that is mounted below it, frees the loop devices made here
/// and deletes the rest, also after a failed test.
/// </summary>
internal sealed class Sandbox : IDisposable
{
    private readonly List<string> images = [];

    private Sandbox()
    {
        Root = Directory.CreateTempSubdirectory("ovf-").FullName;
        Tool.Check(Syscall.chmod(Root, FilePermissions.ACCESSPERMS & ~(FilePermissions.S_IWGRP | FilePermissions.S_IWOTH)),
            "chmod " + Root);
    }

    public string Root { get; }

    /// <summary>A sandbox on the disk that holds the temporary directory.</summary>
    public static Sandbox OnDisk() => new();

    /// <summary>A sandbox in memory: a tmpfs of its own, mounted noatime so that access times change only when a test sets them.</summary>
    public static Sandbox InMemory()
    {
        var sandbox = new Sandbox();
        Tool.Check(Libc.mount(Libc.Bytes("ovf-sandbox"), Libc.Bytes(sandbox.Root), Libc.Bytes("tmpfs"), Libc.MS_NOATIME,
            Libc.Bytes("mode=755")), "mount tmpfs");
        return sandbox;
    }

    public string PathOf(params string[] names) => Path.Combine([Root, .. names]);

    public string MakeDirectory(params string[] names) => Directory.CreateDirectory(PathOf(names)).FullName;

    /// <summary>
    /// Makes a file system (ext4, xfs, btrfs ...) of <paramref name="sizeMiB"/> in a sparse image, mounts it noatime and returns the
    /// mountpoint.
    /// </summary>
    public string MakeFileSystem(string type, int sizeMiB)
    {
        string name = $"{type}-{images.Count}";
        string image = PathOf(name + ".img");
        images.Add(image);
        using (FileStream file = File.Create(image)) file.SetLength((long)sizeMiB << 20);
        Tool.Run("mkfs." + type,
            type.StartsWith("ext", StringComparison.Ordinal) ? ["-q", "-F", "-b", "4096", image] : ["-q", "-f", image]);
        string mountpoint = MakeDirectory(name);
        Tool.Run("mount", "-t", type, "-o", "loop,noatime", image, mountpoint);
        return mountpoint;
    }

    public void Dispose()
    {
        foreach (string mountpoint in MountTable.Below(Root)) _ = Libc.umount2(Libc.Bytes(mountpoint), Libc.MNT_DETACH);
        foreach (string image in images) DetachLoopDevices(image);
        // rm knows how to remove names of any bytes and directories without permissions.
        Tool.Run("rm", "-rf", "--one-file-system", Root);
    }

    private static void DetachLoopDevices(string image)
    {
        foreach (string line in Tool.Run("losetup", "-j", image).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Tool.Try("losetup", ["-d", line[..line.IndexOf(':', StringComparison.Ordinal)]]);
    }
}
