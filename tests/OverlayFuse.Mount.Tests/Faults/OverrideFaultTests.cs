using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Faults;

/// <summary>Owners that are kept in xattrs: where one cannot be read, the file's own owner is no answer.</summary>
[TestFixture, Category("Faults")]
internal sealed class OverrideFaultTests
{
    private Sandbox sandbox = null!;
    private FaultShim shim = null!;

    [SetUp]
    public void MakeSandbox()
    {
        sandbox = Sandbox.InMemory();
        shim = new FaultShim(sandbox.Root);
    }

    [TearDown]
    public void RemoveSandbox()
    {
        shim.Dispose();
        sandbox.Dispose();
    }

    [Test]
    public void Stat_WhoseOverrideCannotBeRead_AnswersTheError()
    {
        var options = new OverlayOptions([sandbox.MakeDirectory("lower")], sandbox.MakeDirectory("upper"), sandbox.MakeDirectory("work"),
            "xattr_permissions=2,timeout=0");
        using OverlayMount mount = ProgramUnderTest.Mount(shim.Program, options, sandbox.PathOf("merged"));
        string file = sandbox.PathOf("merged", "file");
        File.WriteAllText(file, "content");
        Tool.Check(Syscall.chown(file, 1000, 1001), "chown");
        Assert.That(OwnerOf(sandbox.PathOf("upper", "file")), Is.EqualTo("0:0"), "on disk");

        shim.Arm(new Fault(1, Errno.EIO, Stays: true, "getxattrat"));
        string without = OwnerOf(file);
        FaultReport report = shim.Disarm();

        Assert.That((without, report.Failed > 0), Is.EqualTo(("EIO", true)));
        Assert.That(OwnerOf(file), Is.EqualTo("1000:1001"));
    }

    private static string OwnerOf(string path) =>
        Syscall.lstat(path, out Stat stat) == 0 ? $"{stat.st_uid}:{stat.st_gid}" : Stdlib.GetLastError().ToString();
}
