using System.Diagnostics;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>
/// What the kernel keeps, told by changing the layers behind the mount's back; and the other options of libfuse and fuse-overlayfs.
/// </summary>
internal sealed class CacheOptionTests
{
    private const string Layers = "lowerdir=a:b";
    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = new CliSandbox();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase("", false)]
    [TestCase(",entry_timeout=0,attr_timeout=1000", true)]
    [TestCase(",timeout=0,entry_timeout=1000,attr_timeout=1000", false)]
    [TestCase(",timeout=0", true)]
    public void EntryTimeout_OfAFileRemovedBelow_SaysHowLongItIsSeen(string options, bool isAskedAgain)
    {
        sandbox.Mount("-o", Layers + options, sandbox.MountPoint);
        Assert.That(Syscall.access(sandbox.PathOf("m", "below"), AccessModes.F_OK), Is.Zero);
        File.Move(sandbox.PathOf("b", "below"), sandbox.PathOf("elsewhere"));
        Assert.That(Syscall.access(sandbox.PathOf("m", "below"), AccessModes.F_OK) != 0, Is.EqualTo(isAskedAgain));
    }

    [TestCase("", false)]
    [TestCase(",attr_timeout=0", true)]
    [TestCase(",timeout=0,attr_timeout=1000", false)]
    public void AttrTimeout_OfAFileChangedBelow_SaysHowLongItsModeIsKept(string options, bool isAskedAgain)
    {
        sandbox.Mount("-o", Layers + options, sandbox.MountPoint);
        using FileStream open = File.OpenRead(sandbox.PathOf("m", "file"));
        uint ModeOf()
        {
            Assert.That(Syscall.fstat((int)open.SafeFileHandle.DangerousGetHandle(), out Stat stat), Is.Zero);
            return NativeConvert.FromFilePermissions(stat.st_mode) & 0x1FF;
        }
        Assert.That(ModeOf(), Is.EqualTo(Mode.Bits(644)));
        Assert.That(Syscall.chmod(sandbox.PathOf("a", "file"), Mode.Octal(600)), Is.Zero);
        Assert.That(ModeOf(), Is.EqualTo(Mode.Bits(isAskedAgain ? 600 : 644)));
    }

    [TestCase("", false)]
    [TestCase(",negative_timeout=0", true)]
    [TestCase(",timeout=0,negative_timeout=1000", false)]
    public void NegativeTimeout_OfAFileMadeBelow_SaysHowLongItIsNotSeen(string options, bool isAskedAgain)
    {
        sandbox.Mount("-o", Layers + options, sandbox.MountPoint);
        Assert.That(Syscall.access(sandbox.PathOf("m", "new"), AccessModes.F_OK), Is.Not.Zero);
        File.WriteAllText(sandbox.PathOf("b", "new"), "new");
        Assert.That(Syscall.access(sandbox.PathOf("m", "new"), AccessModes.F_OK) == 0, Is.EqualTo(isAskedAgain));
    }

    [TestCase(",attr_timeout=0", false)]
    [TestCase(",attr_timeout=0,auto_cache", true)]
    [TestCase(",direct_io", true)]
    public void Content_ChangedBelow_IsReadAnewWithAutoCacheOrDirectIo(string options, bool isReadAnew)
    {
        sandbox.Mount("-o", Layers + options, sandbox.MountPoint);
        string path = sandbox.PathOf("m", "file");
        Assert.That(File.ReadAllText(path), Is.EqualTo("of a"));
        using (FileStream below = File.OpenWrite(sandbox.PathOf("a", "file"))) below.Write("OF A"u8);
        Assert.That(Syscall.utimensat(Syscall.AT_FDCWD, sandbox.PathOf("a", "file"), Files.Times(5, 5, 5), 0), Is.Zero);
        Assert.That(File.ReadAllText(path), Is.EqualTo(isReadAnew ? "OF A" : "of a"));
    }

    [TestCase("", 512)]
    [TestCase(",max_readahead=65536", 64)]
    [TestCase(",max_readahead=2097152", 2048)]
    public void MaxReadahead_OfRootsMount_IsTheKernels(string options, int kibibytes)
    {
        sandbox.Mount("-o", Layers + options, sandbox.MountPoint);
        string device = Tool.Run("mountpoint", "-d", sandbox.MountPoint).Trim();
        Assert.That(File.ReadAllText($"/sys/class/bdi/{device}/read_ahead_kb").Trim(), Is.EqualTo($"{kibibytes}"));
    }

    [Test]
    public void DirectIo_WriteAndMap_AreOneFile()
    {
        sandbox.Mount("-o", CliSandbox.Writable + ",direct_io", sandbox.MountPoint);
        sandbox.Shell("dd if=/dev/urandom of=content bs=3000 count=100 status=none; cp content m/new; cmp content m/new; "
            + "cmp content u/new; cp /bin/true m/run; m/run");
        using var mapped = System.IO.MemoryMappedFiles.MemoryMappedFile.CreateFromFile(sandbox.PathOf("m", "new"), FileMode.Open);
        using (System.IO.MemoryMappedFiles.MemoryMappedViewAccessor view = mapped.CreateViewAccessor()) view.Write(5000, 0x11223344);
        Assert.That(File.ReadAllBytes(sandbox.PathOf("m", "new")).AsSpan(5000, 4).ToArray(),
            Is.EqualTo(new byte[] { 0x44, 0x33, 0x22, 0x11 }));
    }

    [Test]
    public void Ino32_LayersOnSeveralFileSystems_NumbersAreShortUniqueAndThoseOfTheListing()
    {
        sandbox.Shell("mkdir t s; mount -t tmpfs t t; mount -t tmpfs s s; for d in a t s u; do mkdir $d/of-$d; for i in 1 2 3; "
            + "do echo $i >$d/of-$d/$i; done; done");
        sandbox.Mount("-o", "lowerdir=t:a:s,upperdir=u,workdir=w,ino32_t", sandbox.MountPoint);
        File.AppendAllText(sandbox.PathOf("m", "of-s", "2"), "changed");
        TreeSnapshot tree = TreeSnapshot.Take(sandbox.MountPoint, TreeView.Merged);
        Assert.That(tree.Entries.Values.Select(entry => entry.Ino), Is.Unique.And.None.Zero.And.All.LessThan(1ul << 32));
        Assert.That(tree.Entries.Where(entry => entry.Value["d_ino"].Length > 0), Is.Empty);
        Assert.That(TreeSnapshot.Take(sandbox.MountPoint, TreeView.Merged).Entries.Values.Select(entry => entry.Ino),
            Is.EqualTo(tree.Entries.Values.Select(entry => entry.Ino)));
    }

    /// <summary>
    /// On tmpfs a directory grows with every name: by a copy that is renamed into it, or by one that is linked there from the index.
    /// </summary>
    [TestCase("index=off")]
    [TestCase("index=on")]
    public void Directory_GrowsByACopyUp_ItsNewSizeIsShown(string options)
    {
        sandbox.Shell("mkdir b/d disk; ln b/file b/d/file; mount -t tmpfs disk disk; mkdir disk/u disk/w");
        sandbox.Mount("-o", $"lowerdir=b,upperdir=disk/u,workdir=disk/w,{options}", sandbox.MountPoint);
        sandbox.Shell("chmod 755 m/d");
        long before = Size("m/d");
        sandbox.Shell("chmod 600 m/d/file");
        Assert.That(Size("m/d"), Is.EqualTo(Size("disk/u/d")).And.GreaterThan(before));
    }

    [TestCase("-o", Layers + ",debug")]
    [TestCase("-o" + Layers + ",debug,ro")]
    public void Debug_AsAnOption_StaysInTheForegroundAndTraces(params string[] words)
    {
        using Process program = Overlayfuse.StartInForeground(sandbox.Root, [.. words, sandbox.MountPoint]);
        Overlayfuse.AwaitMount(sandbox.MountPoint);
        Assert.That(Overlayfuse.Daemons(sandbox.MountPoint), Is.EqualTo(new[] { program.Id }));
        sandbox.Shell("stat m/file; umount m");
        Assert.That(program.StandardError.ReadToEnd(), Does.Contain("Lookup").And.Contain("file"));
        program.WaitForExit();
        Assert.That(program.ExitCode, Is.Zero);
    }

    private long Size(string directory)
    {
        Tool.Check(Syscall.stat(sandbox.PathOf(directory), out Stat stat), "stat " + directory);
        return stat.st_size;
    }
}
