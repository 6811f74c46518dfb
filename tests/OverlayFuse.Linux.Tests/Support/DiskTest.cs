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

    /// <summary>The directory, for *at calls.</summary>
    protected Fd Root { get; private set; }

    private protected Sandbox Sandbox => _sandbox;

    [SetUp]
    public void OpenSandbox()
    {
        _sandbox = Sandbox.OnDisk();
        Root = OpenDirectory(_sandbox.Root);
    }

    [TearDown]
    public void CloseSandbox()
    {
        try
        {
            Sys.Close(Root);
            Assert.That(DescriptorsInSandbox(), Is.Empty, "descriptors open after the test");
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

    /// <summary>What is open of the sandbox; what the runtime holds comes and goes.</summary>
    private IEnumerable<string> DescriptorsInSandbox() =>
        Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(link => new FileInfo(link).LinkTarget ?? "")
            .Where(target => target == _sandbox.Root || target.StartsWith(_sandbox.Root + "/", StringComparison.Ordinal));
}
