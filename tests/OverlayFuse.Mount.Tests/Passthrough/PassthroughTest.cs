using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Passthrough;

/// <summary>Base of the tests of io=passthrough: a writable mount of one lower layer, whose bytes must be the same afterwards.</summary>
internal abstract class PassthroughTest : AppTest
{
    /// <summary>Lower files of this size and more are passed through.</summary>
    protected const int Large = 1 << 20;

    private readonly List<int> descriptors = [];
    private readonly Dictionary<string, byte[]> before = [];
    private OverlayMount? mount;

    protected string Merged => Sandbox.PathOf("merged");

    protected string Upper => Sandbox.PathOf("upper");

    [TearDown]
    public void Unmount()
    {
        foreach (int fd in descriptors) _ = Syscall.close(fd);
        descriptors.Clear();
        mount?.Dispose();
        mount = null;
        foreach ((string name,
            byte[] bytes) in before) Assert.That(File.ReadAllBytes(Sandbox.PathOf("lower", name)), Is.EqualTo(bytes),
                "the lower layer's " + name);
        before.Clear();
    }

    /// <summary>Mounts over a lower layer with these files.</summary>
    protected void Mount(params (string Name, byte[] Bytes)[] lower) => Mount("", lower);

    protected void Mount(string extra, params (string Name, byte[] Bytes)[] lower)
    {
        string directory = Sandbox.MakeDirectory("lower");
        foreach ((string name, byte[] bytes) in lower)
        {
            File.WriteAllBytes(directory + "/" + name, bytes);
            before.Add(name, bytes);
        }
        var options = new OverlayOptions([directory], Sandbox.MakeDirectory("upper"), Sandbox.MakeDirectory("work"),
            extra)
        { Io = "passthrough" };
        mount = ProgramUnderTest.Mount(options, Merged);
    }

    protected string PathOf(string name) => Merged + "/" + name;

    /// <summary>A descriptor that the test closes at its end.</summary>
    protected int Open(string name, O flags, int mode = 644) => Keep(OpenNow(name, flags, mode), name);

    /// <summary>open(2)'s own answer.</summary>
    protected int OpenNow(string name, O flags, int mode = 644) =>
        Libc.openat(Libc.AT_FDCWD, Libc.Bytes(PathOf(name)), flags | O.CLOEXEC, Mode.Bits(mode));

    protected int Keep(int fd, string what)
    {
        descriptors.Add((int)Tool.Check(fd, "open " + what));
        return fd;
    }

    protected static void Write(int fd, string text, long offset = 0) =>
        Tool.Check(Files.WriteAll(fd, Values.Bytes(text), offset), "pwrite");

    protected static string Read(int fd, int length, long offset = 0) => Values.Text(Files.Read(fd, length, offset));

    protected Stat StatOf(string name)
    {
        Tool.Check(Syscall.stat(PathOf(name), out Stat stat), "stat " + name);
        return stat;
    }

    protected static uint Permissions(Stat stat) => NativeConvert.FromFilePermissions(stat.st_mode) & 0xFFF;

    /// <summary>A pattern that tells places apart.</summary>
    protected static byte[] Pattern(int size, int seed = 1)
    {
        byte[] bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
