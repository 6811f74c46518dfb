using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>Backing files on the real kernel. The file in memory and the real file differ, so what is read tells who was asked.</summary>
internal sealed class PassthroughTests
{
    private string _real = "";
    private PassingThrough _fileSystem = null!;
    private LiveMount _mount = null!;

    [SetUp]
    public void Mount()
    {
        _real = Path.GetTempFileName();
        File.WriteAllText(_real, "real");
        _fileSystem = new PassingThrough();
        _fileSystem.Add("file", (uint)FileType.Regular | 0x1A4, "memory"u8.ToArray());
        _mount = new LiveMount(_fileSystem);
    }

    [TearDown]
    public void Unmount()
    {
        _mount.Dispose();
        File.Delete(_real);
    }

    [Test]
    public void Open_WithBackingFile_ReadsAndWritesTheRealFile()
    {
        _fileSystem.BackingId = Register(_real).Id;
        Assert.That(_mount.Run("dd if=file bs=10 count=1 status=none; printf REAL | dd of=file conv=notrunc status=none"),
            Is.EqualTo("real"));
        Assert.That(File.ReadAllText(_real), Is.EqualTo("REAL"));
    }

    [Test]
    public void Open_FileOfReadOnlyMount_RefusesToWrite()
    {
        Assert.That(Sys.OpenAt(Fd.WorkingDirectory, Name.From(Path.GetTempPath()), OpenFlags.Path | OpenFlags.Directory, out Fd directory),
            Is.EqualTo(Errno.None));
        using var owner = new ScopedFd(directory);
        Assert.That(Sys.CloneMount(owner, readOnly: true, out Fd clone), Is.EqualTo(Errno.None));
        using var cloned = new ScopedFd(clone);
        Assert.That(Sys.OpenAt(clone, Name.From(Path.GetFileName(_real)), OpenFlags.ReadOnly, out Fd file), Is.EqualTo(Errno.None));
        using (new ScopedFd(file))
            _fileSystem.BackingId = Register(file).Id;
        Assert.That(_mount.Run("dd if=file bs=10 count=1 status=none; if true 2>/dev/null >>file; then echo written; fi"),
            Is.EqualTo("real"));
        Assert.That(File.ReadAllText(_real), Is.EqualTo("real"));
    }

    [Test]
    public void Dispose_FileStillOpen_EndsTheIdAndTheFileGoesOn()
    {
        BackingFile backing = Register(_real);
        _fileSystem.BackingId = backing.Id;
        using var reader = new FileStream(Path.Combine(_mount.Directory, "file"), new FileStreamOptions { BufferSize = 0 });
        Assert.That(_mount.Run("cat file"), Is.EqualTo("real"));
        backing.Dispose();
        backing.Dispose();
        Assert.That(backing.Id, Is.Zero);
        byte[] data = new byte[4];
        Assert.That(reader.Read(data), Is.EqualTo(4));
        Assert.That(data, Is.EqualTo("real"u8.ToArray()));
        Assert.That(Shell.Run("cat file", _mount.Directory).Output, Does.Contain("Input/output error"));
    }

    [TestCase("/tmp", Errno.EISDIR)]
    [TestCase("/dev/null", Errno.EINVAL)]
    public void Open_NoRegularFile_IsRefused(string path, Errno expected)
    {
        Assert.That(Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.ReadOnly, out Fd file), Is.EqualTo(Errno.None));
        using var owner = new ScopedFd(file);
        Assert.That(_fileSystem.BackingFiles!.Open(file, out BackingFile? backing), Is.EqualTo(expected));
        Assert.That(backing, Is.Null);
    }

    [Test]
    public void Open_FileOfTheMountItself_AnswersLoop()
    {
        Assert.That(Sys.OpenAt(Fd.WorkingDirectory, Name.From(Path.Combine(_mount.Directory, "file")), OpenFlags.Path, out Fd file),
            Is.EqualTo(Errno.None));
        using var owner = new ScopedFd(file);
        Assert.That(_fileSystem.BackingFiles!.Open(file, out _), Is.EqualTo(Errno.ELOOP));
    }

    private BackingFile Register(string path)
    {
        Assert.That(Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.Path, out Fd file), Is.EqualTo(Errno.None));
        using var owner = new ScopedFd(file);
        return Register(file);
    }

    private BackingFile Register(Fd file)
    {
        Assert.That(_fileSystem.BackingFiles!.Open(file, out BackingFile? backing), Is.EqualTo(Errno.None));
        return backing!;
    }

    /// <summary>Answers OPEN with a backing file, once there is one.</summary>
    private sealed class PassingThrough : MemoryFileSystem
    {
        internal FuseBackingFiles? BackingFiles { get; private set; }

        internal int BackingId { get; set; }

        public override Errno Init(FuseNegotiation session)
        {
            session.Wanted |= InitFlags.Passthrough;
            session.MaxStackDepth = 1;
            BackingFiles = session.BackingFiles;
            return base.Init(session);
        }

        public override Errno Open(in FuseRequest request, in OpenIn input, out OpenOut opened)
        {
            Errno error = base.Open(request, input, out opened);
            opened.Flags = OpenReplyFlags.Passthrough;
            opened.BackingId = BackingId;
            return error;
        }
    }
}
