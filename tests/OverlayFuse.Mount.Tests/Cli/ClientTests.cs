using System.Diagnostics;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>The command lines of those who start fuse-overlayfs today, word for word, and their way to unmount.</summary>
internal sealed class ClientTests
{
    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = new CliSandbox();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    /// <summary>containers/storage: short links in l/ lead to the layers, the driver's home is the working directory.</summary>
    [TestCase(",volatile")]
    [TestCase(",,volatile,context=\"system_u:object_r:container_file_t:s0:c1,c2\"")]
    [TestCase(",nodev,uidmapping=0:0:4294967295,gidmapping=0:0:4294967295")]
    public void ContainersStorage_WritableMount_IsLiveAndUnmountsByFusermount(string more)
    {
        sandbox.Shell("mkdir -p l 1/diff 2/diff 3/diff 3/work 3/merged; ln -s ../1/diff l/ABC; ln -s ../2/diff l/DEF; echo one >1/diff/f; "
            + "echo two >2/diff/f");
        string merged = sandbox.PathOf("3", "merged");

        ToolResult result = sandbox.Start("-o",
            $"lowerdir=l/DEF:l/ABC,upperdir={sandbox.PathOf("3/diff")},workdir={sandbox.PathOf("3/work")}{more}", merged);

        Assert.That((result.ExitCode, result.Error), Is.EqualTo((0, "")));
        Assert.That(File.ReadAllText(Path.Combine(merged, "f")), Is.EqualTo("two\n"));
        File.WriteAllText(Path.Combine(merged, "new"), "written");
        sandbox.Shell("fusermount3 -u 3/merged");
        Overlayfuse.AwaitNoDaemon(merged);
        Assert.That(File.ReadAllText(sandbox.PathOf("3/diff/new")), Is.EqualTo("written"));
    }

    [Test]
    public void ContainersStorage_ReadOnlyMount_RefusesWrites()
    {
        sandbox.Mount("-o", "lowerdir=a:b,nodev", sandbox.MountPoint);
        Assert.That(() => File.WriteAllText(sandbox.PathOf("m", "new"), ""),
            Throws.InstanceOf<IOException>().With.Message.Contains("Read-only"));
    }

    /// <summary>podman -v DIR:/x:O.</summary>
    [Test]
    public void Buildah_OverlayVolume_IsLiveAndUnmountsByUmount()
    {
        sandbox.Mount("-o", $"lowerdir={sandbox.PathOf("a")},upperdir={sandbox.PathOf("u")},workdir={sandbox.PathOf("w")},private",
            sandbox.MountPoint);
        File.AppendAllText(sandbox.PathOf("m", "file"), ", changed");
        Assert.That(Libc.umount2(Libc.Bytes(sandbox.MountPoint), 0), Is.Zero);
        Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
        Assert.That(File.ReadAllText(sandbox.PathOf("u", "file")), Is.EqualTo("of a, changed"));
        Assert.That(File.ReadAllText(sandbox.PathOf("a", "file")), Is.EqualTo("of a"));
    }

    /// <summary>containerd's fuse-overlayfs-snapshotter: through mount.fuse3, which starts the program by /bin/sh.</summary>
    [TestCase("mount.fuse3 overlay m -o workdir=$PWD/w -o upperdir=$PWD/u -o lowerdir=$PWD/a:$PWD/b -t overlayfuse")]
    [TestCase("mount.fuse3 overlay m -o workdir=$PWD/w,upperdir=$PWD/u,lowerdir=$PWD/a:$PWD/b,dev,suid -t fuse.overlayfuse")]
    public void MountHelper_OfFuse_StartsTheProgram(string command)
    {
        sandbox.Shell($"PATH='{Path.GetDirectoryName(Overlayfuse.Path)}':$PATH; {command}");
        Assert.That(File.ReadAllText(sandbox.PathOf("m", "file")), Is.EqualTo("of a"));
        Assert.That(File.ReadLines("/proc/mounts"), Has.Some.StartsWith($"overlay {sandbox.MountPoint} fuse.overlayfuse rw,"));
    }

    /// <summary>
    /// mount(8), with the program installed as `make install` does it: in a mount namespace of its own, gone with the test.
    /// </summary>
    [TestCase("mount -t fuse.overlayfuse overlay m -o lowerdir=$PWD/a:$PWD/b,upperdir=$PWD/u,workdir=$PWD/w")]
    [TestCase("mount -t fuse.overlayfuse overlay m -o "
        + "noatime,nodev,_netdev,x-systemd.requires=/,lowerdir=$PWD/a:$PWD/b,upperdir=$PWD/u,workdir=$PWD/w")]
    [TestCase("mount -t overlayfuse overlay m -o lowerdir=$PWD/a:$PWD/b,upperdir=$PWD/u,workdir=$PWD/w")]
    [TestCase("mount -t overlayfuse -n -v -o ro overlay m -o noatime,lowerdir=$PWD/a:$PWD/b")]
    public void Mount8_WithTheProgramInstalled_Mounts(string command)
    {
        string install = $"mkdir bin sbin; ln -s '{Overlayfuse.Path}' bin/overlayfuse; ln -s '{Overlayfuse.Path}' sbin/mount.overlayfuse; "
            + "mount -t overlay o -o lowerdir=$PWD/bin:/usr/local/bin /usr/local/bin; mount -t overlay o -o lowerdir=$PWD/sbin:/sbin /sbin";
        sandbox.Shell($"unshare -m sh -ec '{install}; trap \"umount m\" EXIT; {command}; cat m/file >seen; "
            + $"grep $PWD/m /proc/mounts >mounts'");
        Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
        Assert.That(File.ReadAllText(sandbox.PathOf("seen")), Is.EqualTo("of a"));
        Assert.That(File.ReadAllText(sandbox.PathOf("mounts")), Does.StartWith($"overlay {sandbox.MountPoint} fuse.overlayfuse "));
    }

    [Test]
    public void Moby_FromItsHomeWithAbsoluteLayers_IsLive()
    {
        sandbox.Shell("mkdir -p id/merged");
        string root = sandbox.Root;
        ToolResult result = sandbox.Start("-o", $"lowerdir={root}/a:{root}/b,upperdir={root}/u,workdir={root}/w", "id/merged");
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((0, "")));
        Assert.That(File.ReadAllText(sandbox.PathOf("id/merged/file")), Is.EqualTo("of a"));
    }

    /// <summary>Apptainer and CI sandboxes: in the foreground, polling /proc/self/mountinfo.</summary>
    [TestCase("lowerdir=a:b,upperdir=u,workdir=w")]
    [TestCase("lowerdir=a:b,upperdir=u,workdir=w,exec,uid=1000,gid=1000,allow_other")]
    [TestCase("lowerdir=a:b")]
    public void Apptainer_InTheForeground_SaysNothingAndEndsWithTheMount(string options)
    {
        using Process program = Overlayfuse.StartInForeground(sandbox.Root, "-f", "-o", options, sandbox.MountPoint);
        Overlayfuse.AwaitMount(sandbox.MountPoint);
        Assert.That(File.ReadAllText(sandbox.PathOf("m", "file")), Is.EqualTo("of a"));
        sandbox.Shell("umount m");
        Assert.That(program.WaitForExit(10_000), "ended");
        Assert.That((program.ExitCode, program.StandardError.ReadToEnd(), program.StandardOutput.ReadToEnd()), Is.EqualTo((0, "", "")));
    }

    [TestCase("", "rw,relatime")]
    [TestCase(",nosuid,nodev,noexec,noatime", "rw,nosuid,nodev,noexec,noatime")]
    [TestCase(",ro,suid", "ro,relatime")]
    public void MountWords_OfTheCaller_ReachTheMount(string more, string shown)
    {
        sandbox.Mount("-o", CliSandbox.Writable + more, "source with blanks", sandbox.MountPoint);
        Assert.That(File.ReadLines("/proc/mounts"),
            Has.Some.StartsWith($"source\\040with\\040blanks {sandbox.MountPoint} fuse.overlayfuse {shown},"));
    }

    /// <summary>As an ordinary user: through fusermount3, and as root of a user namespace of its own.</summary>
    [TestCase("", "fusermount3 -u m")]
    [TestCase("unshare -Urm ", "umount m")]
    public void OrdinaryUser_WithLayersOfItsOwn_CopiesUpAndWhitesOut(string inside, string unmount)
    {
        sandbox.Shell("chown -R nobody:nogroup . ; cp '" + Overlayfuse.Path + "' ovf; chmod 755 ovf");
        sandbox.Shell($"mode=$(stat -c %a /dev/fuse); trap \"chmod $mode /dev/fuse\" EXIT; chmod 666 /dev/fuse; "
            + $"setpriv --reuid=nobody --regid=nogroup --clear-groups {inside} sh -ec '" +
            $"./ovf -o {CliSandbox.Writable} m; echo changed >m/file; rm m/below; cat m/file >seen; ls m >names; {unmount}'");
        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllText(sandbox.PathOf("seen")), Is.EqualTo("changed\n"));
            Assert.That(File.ReadAllText(sandbox.PathOf("names")), Is.EqualTo("file\n"));
            Assert.That(File.ReadAllText(sandbox.PathOf("u", "file")), Is.EqualTo("changed\n"));
            Assert.That(Tool.Run("stat", "-c", "%F %t,%T", sandbox.PathOf("u", "below")), Is.EqualTo("character special file 0,0\n"));
        });
    }
}
