using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>
/// A root's mount uses clones of the layers' mounts, as the kernel's overlayfs does: their disks can be unmounted at any time.
/// </summary>
internal sealed class DiskTests
{
    private const string OnD = "lowerdir=a,upperdir=d/u,workdir=d/w";
    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox()
    {
        sandbox = new CliSandbox();
        sandbox.Shell("truncate -s 64M i; mkfs.ext4 -q i; mkdir d; mount -o loop i d; mkdir d/u d/w d/l; echo of disk >d/l/low");
    }

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase(OnD)]
    [TestCase("lowerdir=d/l,upperdir=u,workdir=w")]
    [TestCase("lowerdir=d/l:a")]
    public void Umount_OfALayersDisk_IsNotBusyAndTheMountGoesOn(string options)
    {
        sandbox.Mount("-o", options, sandbox.MountPoint);
        sandbox.Shell("ls -R m >before; umount d; ls -R m >after; cmp before after");
        if (options.Contains("upperdir", StringComparison.Ordinal))
            sandbox.Shell("echo new >m/new; mkdir m/d; mv m/new m/d; rm -f m/file m/low; [ $(cat m/d/new) = new ]");
    }

    /// <summary>Ten times, as the daemon's end runs beside what comes next.</summary>
    [Test]
    public void Umount_OfTheMountThenOfItsDisk_IsNeverBusy()
    {
        for (int i = 0; i < 10; i++)
        {
            sandbox.Mount("-o", OnD, sandbox.MountPoint);
            sandbox.Shell($"echo {i} >m/new; umount m; umount d");
            Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
            sandbox.Shell($"mount -o loop i d; [ $(cat d/u/new) = {i} ]");
        }
    }

    /// <summary>'overlayfuse unmount' waits for the daemon, and with it for the file system: the image is complete and free.</summary>
    [Test]
    public void Unmount_ThenUmountOfTheDisk_FreesItsFileSystem()
    {
        sandbox.Shell("umount d; losetup -f --show i >device; mount $(cat device) d");
        try
        {
            for (int i = 0; i < 5; i++)
            {
                sandbox.Mount("-o", OnD, sandbox.MountPoint);
                sandbox.Shell($"echo {i} >m/new; '{Overlayfuse.Path}' unmount m; umount d; e2fsck -fn $(cat device) >fsck; "
                    + $"mkfs.ext4 -q -F $(cat device); mount $(cat device) d; mkdir d/u d/w");
            }
        }
        finally
        {
            Tool.Try("sh", ["-c", $"cd '{sandbox.Root}'; umount d; losetup -d $(cat device)"]);
        }
    }

    /// <summary>The clone has flags of its own; the file system has one state for all.</summary>
    [Test]
    public void Remount_OfTheDiskReadOnly_ReachesTheMountByItsFileSystemOnly()
    {
        sandbox.Mount("-o", OnD, sandbox.MountPoint);
        ToolResult result = Tool.Try("sh", ["-c", $"cd '{sandbox.Root}' && mount -o remount,ro d && echo more >m/more"]);
        Assert.That(result.Error, Does.Contain("Read-only file system"));
        sandbox.Shell("mount -o remount,rw d; mount -o remount,bind,ro d; echo new >m/new; [ $(cat d/u/new) = new ]");
    }
}
