using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Posix;

/// <summary>
/// Base of the tests of what every file system must do. One body runs on the bare disk, which proves the test, on the kernel's overlayfs
/// and on ours; there the layer is the lower one. It also runs on a sample file system, whose root is the layer.
/// </summary>
[TestFixture(Disk)]
[TestFixture(Kernel)]
[TestFixture(Ours)]
[TestFixture(Passthrough)]
[TestFixture(WriteBack)]
[TestFixture(Memory)]
internal abstract class PosixFixture(string place)
{
    protected const string Disk = "disk", Kernel = "kernel", Ours = "overlayfuse", Passthrough = "overlayfuse io=passthrough",
        WriteBack = "overlayfuse writeback=1", Memory = "samples/MemoryFileSystem";
    private Sandbox sandbox = null!;
    private OverlayMount? mount;

    protected string Place => place;

    /// <summary>Where the test works.</summary>
    protected string Root { get; private set; } = "";

    [SetUp]
    public void MakeSandbox() => sandbox = Sandbox.OnDisk();

    [TearDown]
    public void RemoveSandbox()
    {
        mount?.Dispose();
        mount = null;
        sandbox.Dispose();
    }

    /// <summary>Builds the layer; on an overlay it is the lower one.</summary>
    protected void Start(Layer layer)
    {
        if (place == Memory)
        {
            Root = sandbox.PathOf("memory");
            mount = ProgramMount.Mount("MemoryFileSystem.dll", Root);
            LayerBuilder.Build(layer, Root);
            return;
        }
        string lower = sandbox.PathOf("lower");
        LayerBuilder.Build(layer, lower);
        Root = lower;
        if (place == Disk) return;
        var options = new OverlayOptions([lower], sandbox.MakeDirectory("upper"), sandbox.MakeDirectory("work"))
        {
            Io = place switch { Passthrough => "passthrough", WriteBack => OverlayOptions.OpenWithWriteBack, _ => "" },
        };
        Root = sandbox.PathOf("merged");
        mount = ProgramUnderTest.Mount(place == Kernel ? ProgramUnderTest.KernelItself : ProgramUnderTest.Path, options, Root);
    }

    protected string PathOf(string name) => Root + "/" + name;

    protected int Open(string name, O flags, int mode = 644) =>
        (int)Tool.Check(Libc.openat(Libc.AT_FDCWD, Libc.Bytes(PathOf(name)), flags | O.CLOEXEC, Mode.Bits(mode)), "open " + name);

    protected static void Close(int fd) => Tool.Check(Syscall.close(fd), "close");

    /// <summary>Says why a body does not hold for the sample file system in memory.</summary>
    protected void SkipInMemory(string reason)
    {
        if (place == Memory) Assert.Ignore("the file system in memory: " + reason);
    }

    /// <summary>Says why a body does not hold for the kernel's overlayfs, which is documented to differ from POSIX there.</summary>
    protected void SkipOnKernel(string reason)
    {
        if (place == Kernel) Assert.Ignore("the kernel's overlayfs: " + reason);
    }
}
