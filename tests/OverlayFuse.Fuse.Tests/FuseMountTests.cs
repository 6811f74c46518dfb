using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>mount(2), fusermount3 and their refusals.</summary>
internal sealed class FuseMountTests
{
    private string _directory = null!;

    [SetUp]
    public void Create() => _directory = Directory.CreateTempSubdirectory("ovf-mount-").FullName;

    [TearDown]
    public void Remove()
    {
        Shell.Run($"umount -l '{_directory}' 2>/dev/null", "/");
        Directory.Delete(_directory, recursive: true);
    }

    private FuseMountOptions Options => new() { MountPoint = _directory, Source = "so,ur\\ce", Subtype = "ovftest" };

    private string[] MountColumns() =>
        File.ReadLines("/proc/mounts").Single(line => line.Contains(_directory, StringComparison.Ordinal)).Split(' ');

    [Test]
    public void Mount_FlagsAndOptions_AreTheKernels()
    {
        FuseMount mount = FuseMount.Mount(Options with
        {
            AllowOther = true,
            MaxRead = 65536,
            Flags = FuseMountFlags.NoSuid | FuseMountFlags.NoDev | FuseMountFlags.ReadOnly
        });
        string[] columns = MountColumns();
        mount.Unmount();
        Sys.Close(mount.Device);
        Assert.That(columns[0], Is.EqualTo(@"so,ur\134ce"));
        Assert.That(columns[2], Is.EqualTo("fuse.ovftest"));
        Assert.That(columns[3].Split(','),
            Is.SupersetOf(new[] { "ro", "nosuid", "nodev", "default_permissions", "allow_other", "max_read=65536" }));
    }

    [Test]
    public void Mount_ThroughFusermount_ServesFilesUnderTheSameNames()
    {
        Fd device = FuserMount.Mount(Options with { Flags = FuseMountFlags.NoSuid }, _directory);
        var fileSystem = new MemoryFileSystem();
        var session = new FuseSession(fileSystem, device);
        session.Start();
        Assert.That(session.WaitUntilInitialized(TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(Shell.Run("echo hi > a && cat a", _directory), Is.EqualTo((0, "hi")));
        string[] columns = MountColumns();
        FuserMount.Unmount(_directory, detach: false);
        Assert.That(session.WaitUntilEnded(TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(columns[0], Is.EqualTo(@"so,ur\134ce"));
        Assert.That(columns[2], Is.EqualTo("fuse.ovftest"));
        Assert.That(columns[3].Split(','), Is.SupersetOf(new[] { "rw", "nosuid", "default_permissions" }));
    }

    [Test]
    public void FusermountOptions_CommaAndBackslash_AreEscaped() => Assert.That(
        FuserMount.OptionsFor(Options with { AllowOther = true, Flags = FuseMountFlags.NoDev | FuseMountFlags.NoAtime }),
        Is.EqualTo(@"rw,fsname=so\,ur\\ce,subtype=ovftest,nodev,noatime,default_permissions,allow_other"));

    [Test]
    public void Mount_MountpointMissing_NamesIt() => Assert.That(
        () => FuseMount.Mount(Options with { MountPoint = _directory + "/none" }),
        Throws.TypeOf<FuseMountException>().With.Message.Contains(_directory + "/none").And.Message.Contains("ENOENT"));

    [Test]
    public void Mount_MountpointIsAFile_NamesIt()
    {
        File.WriteAllText(_directory + "/file", "");
        Assert.That(() => FuseMount.Mount(Options with { MountPoint = _directory + "/file" }),
            Throws.TypeOf<FuseMountException>().With.Message.Contains("ENOTDIR"));
    }

    [Test]
    public void Mount_OptionUnknownToTheKernel_ShowsTheOptions() => Assert.That(
        () => FuseMount.Mount(Options with { ExtraOptions = "nonsense=1" }),
        Throws.TypeOf<FuseMountException>().With.Message.Contains("nonsense=1"));

    [Test]
    public void Mount_DeadMountInTheWay_SaysHowToRemoveIt()
    {
        Sys.Close(FuseMount.Mount(Options).Device);
        Assert.That(() => FuseMount.Mount(Options),
            Throws.TypeOf<FuseMountException>().With.Message.Contains("fusermount3 -u").Or.Message.Contains("ENOTCONN"));
    }

    [Test]
    public void Unmount_AnotherMountOnTop_LeavesThatAlone()
    {
        FuseMount mount = FuseMount.Mount(Options);
        Sys.Close(mount.Device);
        Shell.Run($"umount '{_directory}' && mount -t tmpfs other '{_directory}'", "/");
        mount.Unmount();
        Assert.That(MountColumns()[0], Is.EqualTo("other"));
    }

    [Test]
    public void Mount_PathWithSymlinkAndSpace_IsResolved()
    {
        string target = Directory.CreateDirectory(_directory + "/with space").FullName;
        Directory.CreateSymbolicLink(_directory + "/link", target);
        FuseMount mount = FuseMount.Mount(Options with { MountPoint = _directory + "/link" });
        Assert.That(mount.MountPoint, Is.EqualTo(target));
        mount.Unmount();
        Sys.Close(mount.Device);
        Assert.That(File.ReadAllText("/proc/mounts"), Does.Not.Contain(_directory));
    }
}
