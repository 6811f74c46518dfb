using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>What cannot work is refused before anything is mounted or written, with the thing, the value and the remedy.</summary>
internal sealed class RefusalTests
{
    private const string Writable = CliSandbox.Writable;
    private const string Beside = "beside each other";
    private const string Once = "name each directory once";

    private static IEnumerable<Refusal> Layers() =>
    [
        new("LowerMissing", "", "lowerdir=a:{}/none", "lowerdir={}/none: does not exist", "create it"),
        new("LowerIsAFile", "", "lowerdir=a/file:b", "lowerdir={}/a/file: is not a directory", "name a directory"),
        new("LowerIsADanglingLink", "ln -s none l", "lowerdir=l:b", "lowerdir={}/l: does not exist", "create it"),
        new("LowerLoopsInLinks", "ln -s l l", "lowerdir=l:b", "lowerdir={}/l: too many symbolic links", "name the directory itself"),
        new("LowerTwice", "", "lowerdir=a:b:a", "lowerdir={}/a: the same directory", Once),
        new("LowerTwiceThroughALink", "ln -s a l", "lowerdir=a:b:l", "lowerdir={}/l: the same directory as lowerdir={}/a", Once),
        new("LowerTwiceThroughABindMount", "mkdir l; mount --bind a l", "lowerdir=a:l",
            "lowerdir={}/l: the same directory as lowerdir={}/a", Once),
        new("LowerInsideALower", "mkdir a/in", "lowerdir=a/in:a", "lowerdir={}/a/in: lies inside lowerdir={}/a", Beside),
        new("LowerAroundALower", "mkdir a/in", "lowerdir=a:a/in", "lowerdir={}/a/in: lies inside lowerdir={}/a", Beside),
        new("LowerInsideABoundLower", "mkdir -p a/in/deep l; mount --bind a/in l", "lowerdir=a:l/deep",
            "lowerdir={}/l/deep: lies inside lowerdir={}/a", Beside),
        new("UpperIsALower", "", "lowerdir=a:u,upperdir=u,workdir=w", "upperdir={}/u: the same directory as lowerdir={}/u", Once),
        new("UpperInsideALower", "mkdir a/u", "lowerdir=a,upperdir=a/u,workdir=w", "upperdir={}/a/u: lies inside lowerdir={}/a", Beside),
        new("LowerInsideTheUpper", "mkdir u/l", "lowerdir=u/l,upperdir=u,workdir=w", "lowerdir={}/u/l: lies inside upperdir={}/u", Beside),
        new("LowerInsideTheWork", "mkdir w/l", "lowerdir=w/l,upperdir=u,workdir=w", "lowerdir={}/w/l: lies inside workdir={}/w", Beside),
    ];

    private const string OnT = "lowerdir=a,upperdir=t/u,workdir=t/w";
    private const string Btrfs = "truncate -s 128M i; mkfs.btrfs -q i; mkdir t; mount -o loop i t";
    private const string Projects = "truncate -s 320M i; mkfs.xfs -q i; mkdir t; mount -o loop i t; mkdir t/u t/w";

    private static IEnumerable<Refusal> Uppers() =>
    [
        new("UpperMissing", "", "lowerdir=a,upperdir=none,workdir=w", "upperdir={}/none: does not exist", "create it"),
        new("UpperIsAFile", "", "lowerdir=a,upperdir=b/file,workdir=w", "upperdir={}/b/file: is not a directory", "name a directory"),
        new("WorkMissing", "", "lowerdir=a,upperdir=u,workdir=none", "workdir={}/none: does not exist", "create it"),
        new("WorkIsAFile", "", "lowerdir=a,upperdir=u,workdir=b/file", "workdir={}/b/file: is not a directory", "name a directory"),
        new("WorkIsTheUpper", "", "lowerdir=a,upperdir=u,workdir=u", "workdir={}/u: the same directory as upperdir={}/u", Once),
        new("WorkInsideTheUpper", "mkdir u/w", "lowerdir=a,upperdir=u,workdir=u/w", "workdir={}/u/w: lies inside upperdir={}/u", Beside),
        new("UpperInsideTheWork", "mkdir w/u", "lowerdir=a,upperdir=w/u,workdir=w", "upperdir={}/w/u: lies inside workdir={}/w", Beside),
        new("WorkOnAnotherFileSystem", "mkdir t; mount -t tmpfs t t; mkdir t/w", "lowerdir=a,upperdir=u,workdir=t/w",
            "workdir={}/t/w: not on the same mount as upperdir={}/u", "same file system"),
        new("WorkOnAnotherMount", "mkdir t x; mount --bind x t; mkdir t/w", "lowerdir=a,upperdir=u,workdir=t/w",
            "workdir={}/t/w: not on the same mount as upperdir={}/u", "same file system"),
        new("UpperReadOnly", "mkdir t; mount -t tmpfs t t; mkdir t/u t/w; mount -o remount,ro t", "lowerdir=a,upperdir=t/u,workdir=t/w",
            "upperdir={}/t/u: {}/t is mounted read-only", "remount,rw"),
        new("UpperOnOverlay", "mkdir t; mount -t overlay o -o lowerdir=a:b t", "lowerdir=a,upperdir=t,workdir=t",
            "workdir={}/t: the same directory", Once),
        new("WorkOutsideOfTheSubvolume", Btrfs + "; btrfs -q subvolume create t/u; mkdir t/w", OnT,
            "workdir={}/t/w: nothing can be moved between it and upperdir={}/t/u (EXDEV)", "in the same subvolume"),
        new("WorkIsASubvolume", Btrfs + "; mkdir t/u; btrfs -q subvolume create t/w", OnT,
            "workdir={}/t/w: nothing can be moved between it and upperdir={}/t/u (EXDEV)", "in the same subvolume"),
        new("UpperOfAProject", Projects + "; chattr +P -p 7 t/u", OnT,
            "workdir={}/t/w: nothing can be moved between it and upperdir={}/t/u (EXDEV)", "lsattr -p") { NeedsProbe = true },
        new("WorkOfAProject", Projects + "; chattr +P -p 7 t/w", OnT,
            "workdir={}/t/w: nothing can be moved between it and upperdir={}/t/u (EXDEV)", "lsattr -p") { NeedsProbe = true },
        new("UpperWithoutXattr", "mkdir t; mount -t ramfs t t; mkdir t/u t/w", "lowerdir=a,upperdir=t/u,workdir=t/w",
            "upperdir={}/t/u: its file system takes no extended attributes", "ext4, xfs, btrfs or tmpfs") { NeedsProbe = true },
        new("UpperWithoutDirectoryTypes", "truncate -s 16M i; mkfs.ext4 -q -O ^filetype i; mkdir t; mount -o loop i t; mkdir t/u t/w",
            "lowerdir=a,upperdir=t/u,workdir=t/w", "upperdir={}/t/u: its file system does not tell the types of entries (d_type)",
            "ftype=1") { NeedsProbe = true },
        new("WorkImmutable", "chattr +i w", Writable, "workdir={}/w: {}/w is immutable", "chattr -i"),
        new("WorkWorkIsAMountpoint", "mkdir w/work; mount -t tmpfs t w/work", Writable, "{}/w/work is a mountpoint", "umount {}/w/work"),
        new("WorkOfACrashedVolatileMount", "mkdir -p w/work/incompat/volatile", Writable,
            "workdir={}/w: {}/w/work/incompat/volatile is there", "new upperdir and workdir"),
    ];

    private static IEnumerable<Refusal> InUse() =>
    [
        new("UpperInUseByTheKernel", "mkdir t x; mount -t overlay o -o lowerdir={}/b,upperdir={}/u,workdir={}/x t", Writable,
            "upperdir={}/u: in use by the overlay mounted at {}/t", "umount {}/t"),
        new("WorkInUseByTheKernel", "mkdir t x; mount -t overlay o -o lowerdir={}/b,upperdir={}/x,workdir={}/w t", Writable,
            "workdir={}/w: in use by the overlay mounted at {}/t", "umount {}/t"),
        new("UpperIsWorkOfTheKernel", "mkdir t x; mount -t overlay o -o lowerdir={}/b,upperdir={}/x,workdir={}/u t", Writable,
            "upperdir={}/u: in use by the overlay mounted at {}/t", "umount {}/t"),
        new("BothInUseByTheKernelByRelativePaths", "mkdir t; mount -t overlay o -o lowerdir=b,upperdir=u,workdir=w t", Writable,
            "upperdir={}/u: in use by the overlay mounted at {}/t", "umount {}/t"),
    ];

    private static IEnumerable<Refusal> MountPoints() =>
    [
        new("MountPointMissing", "", Writable, "mountpoint={}/none: does not exist", "create it") { MountPoint = "none" },
        new("MountPointIsAFile", "", Writable, "mountpoint={}/a/file: is not a directory", "name a directory") { MountPoint = "a/file" },
    ];

    private static IEnumerable<Refusal> Options() =>
    [
        new("UnknownOption", "", Writable + ",nosuch=1", "option nosuch=1: unknown", "overlayfuse options") { Status = 2 },
        new("NfsExportWithoutIndex", "", Writable + ",nfs_export=on,index=off", "option nfs_export=on: needs index=on",
            "leave index out") { Status = 2 },
        new("MetacopyWithoutRedirect", "", Writable + ",metacopy=on,redirect_dir=off", "option metacopy=on: needs redirect_dir=on",
            "leave redirect_dir out") { Status = 2 },
        new("NoWorkdir", "", "lowerdir=a,upperdir=u", "upperdir=u: workdir= is missing", "give an empty directory") { Status = 2 },
        new("NoLowerdir", "", "upperdir=u,workdir=w", "lowerdir= is missing", "write -o lowerdir=") { Status = 2 },
        new("EmptyLayer", "", "lowerdir=a:::b", "lowerdir=a:::b: layer 2 is empty", "one colon") { Status = 2 },
        new("LayerBehindDataLayer", "", "lowerdir=a::b:c", "lowerdir=a::b:c: a single colon after 'b'",
            "data-only layers are the last") { Status = 2 },
        new("UserId", "", Writable + ",squash_to_uid=root", "option squash_to_uid=root: not an id", "from 0 to") { Status = 2 },
    ];

    [TestCaseSource(nameof(Layers))]
    [TestCaseSource(nameof(Uppers))]
    [TestCaseSource(nameof(InUse))]
    [TestCaseSource(nameof(MountPoints))]
    [TestCaseSource(nameof(Options))]
    public void Mount_ThatCannotWork_IsRefusedAndNothingIsWritten(Refusal refusal)
    {
        using var sandbox = new CliSandbox();
        string Expand(string text) => text.Replace("{}", sandbox.Root, StringComparison.Ordinal);
        try
        {
            sandbox.Shell(Expand(refusal.Arrange));
            string before = sandbox.Snapshot(withTimes: !refusal.NeedsProbe);

            ToolResult result = sandbox.Start("-o", Expand(refusal.Options), refusal.MountPoint);

            Assert.Multiple(() =>
            {
                Assert.That(result.ExitCode, Is.EqualTo(refusal.Status));
                Assert.That(result.Error,
                    Does.StartWith("overlayfuse: ").And.Contain(Expand(refusal.Value)).And.Contain(Expand(refusal.Remedy)));
                Assert.That(result.Error.Trim().Split('\n'), Has.Length.EqualTo(1));
                Assert.That(result.Output, Is.Empty);
                Assert.That(sandbox.Snapshot(withTimes: !refusal.NeedsProbe), Is.EqualTo(before));
            });
        }
        finally
        {
            Tool.Try("chattr", ["-f", "-i", sandbox.PathOf("w")]);
        }
    }
}
