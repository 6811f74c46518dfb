using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Linux.Tests.Support;

/// <summary>
/// A test of system calls in a directory on a disk. What the calls did is read back by Mono.Unix, what they shall see is made by it. No
/// descriptor is left at its end.
/// </summary>
public abstract class DiskTest
{
    private Sandbox _sandbox = null!;
    private int _descriptors;

    /// <summary>The directory, for *at calls.</summary>
    protected Fd Root { get; private set; }

    private protected Sandbox Sandbox => _sandbox;

    [SetUp]
    public void OpenSandbox()
    {
        _descriptors = CountDescriptors();
        _sandbox = Sandbox.OnDisk();
        Root = OpenDirectory(_sandbox.Root);
    }

    [TearDown]
    public void CloseSandbox()
    {
        try
        {
            Sys.Close(Root);
            Assert.That(CountDescriptors(), Is.EqualTo(_descriptors), "descriptors open after the test");
        }
        finally
        {
            _sandbox.Dispose();
        }
    }

    private protected string At(string name) => _sandbox.PathOf(name);

    private protected void Write(string name, string content = "") => File.WriteAllText(At(name), content);

    private protected static Fd OpenDirectory(string path) => Open(Fd.WorkingDirectory, path, OpenFlags.Directory);

    private protected Fd Open(string name, OpenFlags flags, uint mode = 0x180) => Open(Root, name, flags, mode);

    private protected static Fd Open(Fd directory, string name, OpenFlags flags, uint mode = 0x180)
    {
        Errno error = Sys.OpenAt(directory, Name.From(name), flags, out Fd fd, mode);
        return error == Errno.None ? fd : throw new IOException($"open {name}: {error}");
    }

    private protected Stat Stat(string name) =>
        Syscall.lstat(At(name), out Stat stat) == 0 ? stat : throw new IOException($"lstat {name}: {Stdlib.GetLastError()}");

    /// <summary>Those that lead to something on the disk or to a pipe of ours; what the runtime holds comes and goes.</summary>
    private static int CountDescriptors() =>
        Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(link => new FileInfo(link).LinkTarget?.Contains("/ovf-", StringComparison.Ordinal) == true);
}
