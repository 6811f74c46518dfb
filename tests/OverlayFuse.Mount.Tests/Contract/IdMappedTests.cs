using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Contract;

/// <summary>
/// Mounts with mapped ids (mount_setattr(2), MOUNT_ATTR_IDMAP): on disk 1000 to 1099, in the mount 2000 to 2099; root stays root, others
/// have no id.
/// </summary>
internal sealed class IdMappedTests
{
    private const uint Disk = 1000, Shown = 2000, Unmapped = 3000;

    private static readonly Layer Content = new Layer().Root(777).File("f", "content", 644, Disk).File("of-root", "r")
        .File("of-nobody", "n", 644, Unmapped)
        .File("suid", "s", 4755, Disk).File("sgid", "g", 2745, Disk).Dir("d", 755, Disk).File("d/in", "in", 600, Disk + 1)
        .Dir("inherits", 2777, Disk)
        .File("acl", "a", 640, Disk).Acl("acl", "u::rw-,u:1001:r--,g::r--,m::r--,o::---").Symlink("link", "f")
        .Dir("private", 700, Disk + 2);

    private Sandbox sandbox = null!;
    private IdMap map = null!;

    [SetUp]
    public void MakeSandbox()
    {
        sandbox = Sandbox.OnDisk();
        map = new IdMap("0 0 1", $"{Disk} {Shown} 100");
        _ = Syscall.umask(Mode.Octal(22));
    }

    [TearDown]
    public void RemoveSandbox()
    {
        sandbox.Dispose();
        map.Dispose();
    }

    /// <summary>The kernel's overlayfs cannot have a map itself: the bare disk says what is right.</summary>
    [Test]
    public void Mount_WithMappedIds_IsAsTheBareDiskWithThem()
    {
        string disk = sandbox.PathOf("disk"), layer = sandbox.PathOf("lower"), merged = sandbox.PathOf("merged");
        LayerBuilder.Build(Content, disk);
        LayerBuilder.Build(Content, layer);
        var options = new OverlayOptions([layer], MakeUpper(sandbox.PathOf("upper")), sandbox.MakeDirectory("work"));
        using (KernelOverlay kernel = KernelOverlay.Mount(options, merged))
            Assert.That(map.TryMount(merged, sandbox.MakeDirectory("k")), Is.EqualTo(Errno.EINVAL), "the kernel's overlayfs");
        using OverlayMount mount = ProgramUnderTest.Mount(options, merged);
        string mappedDisk = sandbox.MakeDirectory("mapped-disk"), mapped = sandbox.MakeDirectory("mapped");
        map.Mount(disk, mappedDisk);
        map.Mount(merged, mapped);
        try
        {
            string[] expected = [.. Work(mappedDisk)];
            Assert.That(Work(mapped), Is.EqualTo(expected));
            Assert.That(Owners(mapped), Is.EqualTo(Owners(mappedDisk)), "through the map");
            Assert.That(Owners(merged), Is.EqualTo(Owners(disk)), "on the disk, and in the mount without a map");
        }
        finally
        {
            Tool.Check(Libc.umount2(Libc.Bytes(mapped), Libc.MNT_DETACH), "umount " + mapped);
        }
    }

    [Test]
    public void Layers_WithMappedIds_AreAsInTheKernelsOverlay([Values] bool isUpperMapped)
    {
        string[] sides = [.. new[] { ProgramUnderTest.KernelItself,
            ProgramUnderTest.Path }.Select(program => Describe(program, isUpperMapped))];
        Assert.That(sides[1], Is.EqualTo(sides[0]));
    }

    private string Describe(string program, bool isUpperMapped)
    {
        string name = Path.GetFileName(program), merged = sandbox.PathOf(name, "merged");
        string layer = sandbox.PathOf(name, "lower"), mapped = sandbox.MakeDirectory(name, "mapped");
        string writable = sandbox.MakeDirectory(name, "writable"), upper = MakeUpper(writable + "/upper");
        sandbox.MakeDirectory(name, "writable", "work");
        LayerBuilder.Build(Content, layer);
        map.Mount(layer, mapped);
        string mappedUpper = isUpperMapped ? sandbox.MakeDirectory(name, "mapped-upper") : writable;
        if (isUpperMapped) map.Mount(writable, mappedUpper);
        using OverlayMount mount = ProgramUnderTest.Mount(program,
            new OverlayOptions([mapped], mappedUpper + "/upper", mappedUpper + "/work"), merged);
        string[] said = [.. Work(merged)];
        string shown = Owners(merged);
        mount.Unmount();
        return string.Join('\n', [.. said, "merged:", shown, "upper on disk:", Owners(upper), "lower on disk:", Owners(layer)]);
    }

    private static string MakeUpper(string path)
    {
        LayerBuilder.Build(new Layer().Root(777), path);
        return path;
    }

    /// <summary>What owners, others and root do, and what they are answered.</summary>
    private static IEnumerable<string> Work(string root)
    {
        string At(string name) => root + "/" + name;
        (string Name, uint Who, Func<long> Act)[] all =
        [
            ("owner writes", Shown, () => Write(At("f"))),
            ("owner of another map writes", Disk, () => Write(At("f"))),
            ("owner chmods", Shown, () => Syscall.chmod(At("f"), Mode.Octal(640))),
            ("another chmods", Shown + 1, () => Syscall.chmod(At("f"), Mode.Octal(600))),
            ("owner makes a file", Shown, () => Write(At("new-of-owner"))),
            ("owner makes a directory", Shown, () => Syscall.mkdir(At("d/new"), Mode.Octal(755))),
            ("another makes in it", Shown + 1, () => Syscall.mkdir(At("d/other"), Mode.Octal(755))),
            ("owner makes a link", Shown, () => Syscall.symlink("f", At("d/symlink"))),
            ("owner links", Shown, () => Syscall.link(At("f"), At("d/hard"))),
            ("owner renames", Shown, () => Stdlib.rename(At("d/hard"), At("d/renamed"))),
            ("who has no id makes a file", Unmapped, () => Write(At("new-of-nobody"))),
            ("root makes a file", 0, () => Write(At("new-of-root"))),
            ("root gives a file", 0, () => Syscall.lchown(At("of-root"), Shown + 5, Shown + 6)),
            ("root gives a file to who has no id", 0, () => Syscall.lchown(At("of-root"), Unmapped, Unmapped)),
            ("root gives a link", 0, () => Syscall.lchown(At("link"), Shown + 7, Shown + 7)),
            ("owner takes set-uid", Shown, () => Syscall.chmod(At("f"), Mode.Octal(4755))),
            ("another writes set-uid", Shown + 1, () => Write(At("suid"))),
            ("root chowns set-uid", 0, () => Syscall.lchown(At("suid"), Shown + 8, Shown + 8)),
            ("in a set-gid directory", Shown + 3, () => Syscall.mkdir(At("inherits/d"), Mode.Octal(755))),
            ("a file in a set-gid directory", Shown + 3, () => Write(At("inherits/f"))),
            ("reads by access list", Shown + 1, () => Read(At("acl"))),
            ("reads without", Shown + 2, () => Read(At("acl"))),
            ("owner sets an access list", Shown, () => SetAcl(At("acl"), "u::rw-,u:2003:r--,g::r--,m::r--,o::---")),
            ("reads by the new one", Shown + 3, () => Read(At("acl"))),
            ("owner enters", Shown + 2, () => Write(At("private/mine"))),
            ("another enters", Shown + 3, () => Write(At("private/not-mine"))),
            ("owner unlinks", Shown, () => Syscall.unlink(At("d/in"))),
        ];
        foreach ((string name, uint who, Func<long> act) in all)
            yield return $"{name}: {Credentials.RunAs(who, () => act() < 0 ? Stdlib.GetLastError().ToString() : "done")}";
    }

    private static long Write(string path)
    {
        int fd = Syscall.open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT, Mode.Octal(644));
        return fd < 0 ? fd : Math.Min(Files.Write(fd, "new"u8.ToArray()), Syscall.close(fd));
    }

    private static long Read(string path)
    {
        int fd = Syscall.open(path, OpenFlags.O_RDONLY);
        return fd < 0 ? fd : Syscall.close(fd);
    }

    private static long SetAcl(string path, string list)
    {
        byte[] value = Values.Bytes(PosixAcl.Encode(list));
        return Syscall.lsetxattr(path, PosixAcl.AccessName, value, (ulong)value.Length, XattrFlags.XATTR_AUTO);
    }

    /// <summary>Types, modes, owners and access lists; only root of the map may open all files.</summary>
    private static string Owners(string root) =>
        Tool.Run("sh", "-ec", $"cd '{root}'; find . -printf '%p %y %m %U:%G\\n' | LC_ALL=C sort; getfacl -n -p acl inherits d");
}
