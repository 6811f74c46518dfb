using OverlayFuse.Fuse.Tests.Support;

namespace OverlayFuse.Fuse.Tests;

/// <summary>A small file system on the real kernel; the client is a shell in another process.</summary>
internal sealed class MountTests
{
    private MemoryFileSystem _fileSystem = null!;
    private LiveMount _mount = null!;

    [SetUp]
    public void Mount()
    {
        _fileSystem = new MemoryFileSystem();
        _mount = new LiveMount(_fileSystem);
    }

    [TearDown]
    public void Unmount()
    {
        _mount.Dispose();
        Assert.That(_mount.Log, Is.Empty);
    }

    [Test]
    public void Files_WrittenAndReadBack_AreTheSame()
    {
        string output = _mount.Run("echo hello > a && cat a && stat -c '%s %F %a' a && echo more >> a && cat a && : > a && stat -c %s a");
        Assert.That(output, Is.EqualTo("hello\n6 regular file 644\nhello\nmore\n0"));
    }
}
