using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Features;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Contract;

/// <summary>
/// nfs_export=on: what a file handle opens after something happened to its file. A handle is used once: the kernel's overlayfs counts a
/// link too many of a copied-up file that it has met by its handle, and goes on showing it after it was removed.
/// </summary>
internal sealed class FileHandleTests
{
    private const string Stay = ":", Change = "echo more | tee -a low h1 dir/in up made/in > /dev/null; chmod 700 dir made",
        Move = "mv low n1; mv h1 n2; mv dir n3; mv up n4; mv made n5",
        RemoveOneLink = "rm h1", Remove = "rm -r low h1 h2 dir up made",
        Replace = Remove + "; mkdir dir made; echo other | tee low h1 h2 dir/in up made/in > /dev/null";

    private const string BuildLower = "mkdir -p dir; for f in low h1 dir/in; do echo lower $f > $f; done; ln h1 h2",
        BuildUpper = "mkdir made; echo upper | tee up made/in > /dev/null; ln up unseen";

    private static readonly string[] Names = ["low", "h1", "h2", "dir", "dir/in", "up", "made", "made/in"];
    private Sandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = Sandbox.OnDisk();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase(Stay)]
    [TestCase(Change)]
    [TestCase(Move)]
    [TestCase(RemoveOneLink)]
    [TestCase(Remove)]
    [TestCase(Replace)]
    public void Handle_OfForgottenFile_IsAnsweredAsByTheKernel(string what) =>
        Assert.That(AnswersAfter(what, ProgramUnderTest.Path), Is.EqualTo(AnswersAfter(what, ProgramUnderTest.KernelItself)));

    [TestCase("io=open", Change)]
    [TestCase("io=open", Remove)]
    public void Handle_WithOpensAsRequests_IsAnsweredAsByTheKernel(string io, string what) =>
        Assert.That(AnswersAfter(what, ProgramUnderTest.Path, "," + io), Is.EqualTo(AnswersAfter(what, ProgramUnderTest.KernelItself)));

    /// <summary>The kernel's handles outlive the mount: they lead through the index that we have gone on with.</summary>
    [TestCase(Stay)]
    [TestCase(Change)]
    [TestCase(Move)]
    [TestCase(RemoveOneLink)]
    [TestCase(Remove)]
    [TestCase(Replace)]
    public void Handle_OfTheKernel_AfterOurWork_IsAnsweredAsAfterItsOwn(string what) =>
        Assert.That(AnswersOfKernelAfter(what, ProgramUnderTest.Path),
            Is.EqualTo(AnswersOfKernelAfter(what, ProgramUnderTest.KernelItself)));

    /// <summary>Inodes that the kernel has forgotten are met again by their names, and copied up once.</summary>
    [Test]
    public void Handle_OfFileFoundAgainByName_IsThatFile()
    {
        using OverlayMount mount = Mount("again", ProgramUnderTest.Path, "");
        string[] handles = [.. Names];
        IReadOnlyList<FileHandle> taken = [.. handles.Select(name => FileHandle.Of($"{mount.Mountpoint}/{name}"))];
        Forget();
        Bash.Run(Change, mount.Mountpoint);
        Forget();
        for (int i = 0; i < handles.Length; i++)
            Assert.That(Answer(mount, taken[i]), Is.EqualTo(Answer(mount, FileHandle.Of($"{mount.Mountpoint}/{handles[i]}"))), handles[i]);
        Assert.That(Answer(mount, taken[0]), Does.EndWith("lower low\nmore\n"));
    }

    /// <summary>As on the bare disk: the entry in the index is no name.</summary>
    [Test]
    public void Links_OfCopiedUpFiles_AreTheNamesThatThereAre()
    {
        const string Work = "chmod 600 low h1 dir/in; ln up up2; ln dir/in in2; rm h2", Count = "stat -c '%n %h' low h1 dir/in in2 up up2";
        Bash.Run($"{BuildLower}; {BuildUpper}; {Work}", sandbox.MakeDirectory("bare"));
        string expected = Bash.Run(Count, sandbox.PathOf("bare"));
        using (OverlayMount mount = Mount("links", ProgramUnderTest.Path, ""))
            Assert.That(Bash.Run($"{Work}; {Count}", mount.Mountpoint), Is.EqualTo(expected));
        using OverlayMount again = MountAgain("links", ProgramUnderTest.Path, "");
        Assert.That(Bash.Run(Count, again.Mountpoint), Is.EqualTo(expected), "mounted again");
    }

    /// <summary>What its origin says counts, not its name.</summary>
    [Test]
    public void Directory_MovedInTheUpperByHand_MergesWithNoOtherAsInTheKernel()
    {
        Assert.That(NamesAfterMove(ProgramUnderTest.Path), Is.EqualTo("in\n").And.EqualTo(NamesAfterMove(ProgramUnderTest.KernelItself)));
    }

    /// <summary>The other tests' proof that the kernel does forget.</summary>
    [Test]
    public void Handle_OfForgottenFile_WithoutNfsExport_IsStale()
    {
        using OverlayMount mount = Mount("plain", ProgramUnderTest.Path, ",nfs_export=off");
        IReadOnlyList<FileHandle> handles = HandlesIn(mount);
        Forget();
        Assert.That(Answers(mount, handles), Has.All.EndsWith(": ESTALE"));
    }

    private string NamesAfterMove(string program)
    {
        string root = Path.GetFileName(program);
        using (OverlayMount mount = Mount(root, program, ""))
            Bash.Run("echo more >> dir/in; chmod 700 dir", mount.Mountpoint);
        Bash.Run("mkdir l/other; echo > l/other/hidden; mv u/dir u/other", sandbox.PathOf(root));
        using OverlayMount again = MountAgain(root, program, "");
        return Bash.Run("ls other", again.Mountpoint);
    }

    private string[] AnswersAfter(string what, string program, string extra = "")
    {
        using OverlayMount mount = Mount(Path.GetFileName(program), program, extra);
        IReadOnlyList<FileHandle> handles = HandlesIn(mount);
        Forget();
        Bash.Run(what, mount.Mountpoint);
        Forget();
        return Answers(mount, handles);
    }

    private string[] AnswersOfKernelAfter(string what, string program)
    {
        string root = Path.GetFileName(program);
        IReadOnlyList<FileHandle> handles;
        using (OverlayMount first = Mount(root, ProgramUnderTest.KernelItself, ""))
            handles = HandlesIn(first);
        using (OverlayMount worked = MountAgain(root, program, ""))
            Bash.Run(what, worked.Mountpoint);
        using OverlayMount last = MountAgain(root, ProgramUnderTest.KernelItself, "");
        return Answers(last, handles);
    }

    private OverlayMount Mount(string root, string program, string extra)
    {
        Bash.Run(BuildLower, sandbox.MakeDirectory(root, "l"));
        Bash.Run(BuildUpper, sandbox.MakeDirectory(root, "u"));
        sandbox.MakeDirectory(root, "w");
        return MountAgain(root, program, extra);
    }

    private OverlayMount MountAgain(string root, string program, string extra) => ProgramUnderTest.Mount(
        program, new OverlayOptions([sandbox.PathOf(root, "l")], sandbox.PathOf(root, "u"), sandbox.PathOf(root, "w"),
            "index=on,nfs_export=on,redirect_dir=on" + extra), sandbox.PathOf(root, "m"));

    private static IReadOnlyList<FileHandle> HandlesIn(OverlayMount mount) =>
        [.. Names.Select(name => FileHandle.Of($"{mount.Mountpoint}/{name}"))];

    private static string[] Answers(OverlayMount mount, IReadOnlyList<FileHandle> handles) =>
        [.. Names.Zip(handles, (name, handle) => $"{name}: {Answer(mount, handle)}")];

    /// <summary>A file's content; a directory's names and, found by "..", its place.</summary>
    private static string Answer(OverlayMount mount, FileHandle handle)
    {
        int root = (int)Tool.Check(Libc.openat(Libc.AT_FDCWD, Libc.Bytes(mount.Mountpoint), O.RDONLY | O.DIRECTORY | O.CLOEXEC, 0),
            "open " + mount.Mountpoint);
        int fd = handle.Open(root, O.RDONLY);
        Errno error = fd < 0 ? Stdlib.GetLastError() : 0;
        _ = Syscall.close(root);
        if (fd < 0) return error.ToString();
        try
        {
            if (Files.Read(fd, 100, 0) is { } content) return System.Text.Encoding.UTF8.GetString(content);
            string place = new FileInfo($"/proc/self/fd/{fd}").LinkTarget!;
            IEnumerable<string?> names = Directory.GetFileSystemEntries(place).Select(Path.GetFileName).Order(StringComparer.Ordinal);
            return $"{Path.GetRelativePath(mount.Mountpoint, place)}: {string.Join(' ', names)}";
        }
        finally
        {
            _ = Syscall.close(fd);
        }
    }

    /// <summary>The kernel drops all inodes that nobody uses.</summary>
    private static void Forget() => File.WriteAllText("/proc/sys/vm/drop_caches", "2");
}
