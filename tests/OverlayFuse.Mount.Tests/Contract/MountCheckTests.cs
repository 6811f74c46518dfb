using static OverlayFuse.Mount.Tests.Contract.MountCell;

namespace OverlayFuse.Mount.Tests.Contract;

/// <summary>What the layers must be like (ovl_get_upper, ovl_get_workdir, ovl_get_indexdir, ovl_check_overlapping_layers).</summary>
internal sealed class MountCheckTests : MountCellTest
{
    private const string Once = "name each directory once", Beside = "beside each other",
        OwnUpper = "the view would show its own upper, changing below it";
    private const string NoLimit = "FUSE does not stack file systems: nothing overflows";
    private const string Silent = "the kernel mounts read-only, which nobody asked for";
    private const string Busy = "two writers of one upper destroy it; the kernel only warns";
    private const string OnOverlay = "deletions can be files .wh.NAME, where no whiteout device can be made";
    private const string OnT = "lowerdir={}/a,upperdir={}/t/u,workdir={}/t/w";

    private static IEnumerable<MountCell> Overlaps() =>
    [
        new("LowerTwice", "lowerdir={}/a:{}/b:{}/a") { Names = Once },
        new("LowerTwiceUnderAnUpper", "lowerdir={}/a:{}/a,upperdir={}/u,workdir={}/w") { Names = Once },
        new("LowerThroughABindMount", "lowerdir={}/a:{}/l", "mkdir l; mount --bind a l") { Names = Once },
        new("LowerInALower", "lowerdir={}/a/in:{}/a", "mkdir a/in") { Names = Beside },
        new("LowerAroundALower", "lowerdir={}/a:{}/a/in", "mkdir a/in") { Names = Beside },
        new("DataInALower", "lowerdir={}/a::{}/a/in", "mkdir a/in") { Names = Beside },
        new("DataTwice", "lowerdir={}/a::{}/b::{}/b") { Names = Once },
        new("DataIsTheUpper", "lowerdir={}/a::{}/u,upperdir={}/u,workdir={}/w") { Names = Once },
        new("UpperIsALower", "lowerdir={}/a:{}/u,upperdir={}/u,workdir={}/w") { Names = Once },
        new("LowerInTheUpper", "lowerdir={}/u/l,upperdir={}/u,workdir={}/w", "mkdir u/l") { Names = Beside },
        new("LowerInTheWork", "lowerdir={}/w/l,upperdir={}/u,workdir={}/w", "mkdir w/l") { Names = Beside },
        new("LowerIsTheWork", "lowerdir={}/w,upperdir={}/u,workdir={}/w") { Names = Once },
        new("UpperInALower", "lowerdir={}/a,upperdir={}/a/u,workdir={}/w", "mkdir a/u") { Names = Beside, Stricter = OwnUpper },
        new("WorkInALower", "lowerdir={}/a,upperdir={}/u,workdir={}/a/w", "mkdir a/w") { Names = Beside, Stricter = OwnUpper },
    ];

    private static IEnumerable<MountCell> Uppers() =>
    [
        new("WorkIsTheUpper", "lowerdir={}/a,upperdir={}/u,workdir={}/u") { Names = Once },
        new("WorkInTheUpper", "lowerdir={}/a,upperdir={}/u,workdir={}/u/w", "mkdir u/w") { Names = Beside },
        new("UpperInTheWork", "lowerdir={}/a,upperdir={}/w/u,workdir={}/w", "mkdir w/u") { Names = Beside },
        new("WorkOnAnotherFileSystem", "lowerdir={}/a,upperdir={}/u,workdir={}/t/w",
            "mkdir t; mount -t tmpfs t t; mkdir t/w") { Names = "not on the same mount" },
        new("WorkOnAnotherMount", "lowerdir={}/a,upperdir={}/u,workdir={}/t/w",
            "mkdir t x; mount --bind x t; mkdir t/w") { Names = "not on the same mount" },
        new("UpperReadOnly", OnT, "mkdir t; mount -t tmpfs t t; mkdir t/u t/w; mount -o remount,ro t") { Names = "read-only" },
        new("UpperOnAReadOnlyBindMount", OnT, "mkdir -p t x/u x/w; mount --bind x t; mount -o remount,bind,ro t") { Names = "read-only" },
        new("UpperReadOnlyForAReadOnlyMount", OnT, "mkdir t; mount -t tmpfs t t; mkdir t/u t/w; mount -o remount,ro t") { ReadOnly = true,
            Looser = "a view that nobody writes to needs nothing of its upper but to be read" },
        new("ReadOnlyMount", Writable) { ReadOnly = true },
        new("UpperInAnOverlay", OnT, "mkdir t u/u u/w; mount -t overlay o -o lowerdir=b,upperdir=u,workdir=w t") { Looser = OnOverlay },
        new("UpperInAnOverlayWithUserXattr", OnT + ",userxattr",
            "mkdir t u/u u/w; mount -t overlay o -o lowerdir=b,upperdir=u,workdir=w t") { Looser = OnOverlay },
        new("LowerIsAnOverlay", "lowerdir={}/t,upperdir={}/x/u,workdir={}/x/w",
            "mkdir -p t x/u x/w; mount -t overlay o -o lowerdir=b,upperdir=u,workdir=w t"),
        new("LowerIsAnOverlayOfAnOverlay", "lowerdir={}/t2:{}/b,upperdir={}/u,workdir={}/w",
            "mkdir t t2 c d; mount -t overlay o -o lowerdir=a:c t; mount -t overlay o -o lowerdir=t:d t2") { Looser = NoLimit },
        new("LowerIsProc", "lowerdir=/proc/fs:{}/b") { Looser = NoLimit },
        new("UpperIsProc", "lowerdir={}/a,upperdir=/proc/tty,workdir=/proc/fs") { Names = "/proc/" },
        new("UpperIsAFile", "lowerdir={}/a,upperdir={}/b/file,workdir={}/w") { Names = "is not a directory" },
        new("WorkIsAFile", "lowerdir={}/a,upperdir={}/u,workdir={}/b/file") { Names = "is not a directory" },
        new("UpperMissing", "lowerdir={}/a,upperdir={}/none,workdir={}/w") { Names = "does not exist" },
        new("WorkMissing", "lowerdir={}/a,upperdir={}/u,workdir={}/none") { Names = "does not exist" },
        new("UpperWithoutXattr", OnT, "mkdir t; mount -t ramfs t t; mkdir t/u t/w") { Names = "takes no extended attributes",
            Stricter = "the kernel mounts a view whose directories cannot be replaced" },
        new("UpperWithoutEntryTypes", OnT,
            "truncate -s 16M i; mkfs.ext4 -q -O ^filetype i; mkdir t; mount -o loop i t; mkdir t/u t/w") { Names = "d_type",
                Stricter = "the kernel warns: a listing shows whiteouts" },
    ];

    private static IEnumerable<MountCell> Works() =>
    [
        new("WorkHoldsAFile", Writable, "touch w/work"),
        new("WorkHoldsADeepTree", Writable, "mkdir -p w/work/1/2/3/4/5; touch w/work/1/f"),
        new("WorkHoldsOtherThings", Writable, "mkdir -p w/other; touch w/f"),
        new("WorkImmutable", Writable, "chattr +i w") { Names = "immutable", Stricter = Silent },
        new("WorkWorkImmutable", Writable, "mkdir w/work; touch w/work/f; chattr +i w/work") { Names = "immutable", Stricter = Silent },
        new("WorkWorkIsAMountpoint", Writable, "mkdir w/work; mount -t tmpfs t w/work") { Names = "is a mountpoint", Stricter = Silent },
        new("IncompatVolatile", Writable, "mkdir -p w/work/incompat/volatile") { Names = "incompat/volatile" },
        new("IncompatUnknown", Writable, "mkdir -p w/work/incompat/other") { Names = "incompat/other" },
        new("IncompatEmpty", Writable, "mkdir -p w/work/incompat"),
        new("IncompatIsAFile", Writable, "mkdir w/work; touch w/work/incompat"),
        new("IncompatInTheIndex", Writable + ",index=on", "mkdir -p w/index/incompat/x") { Names = "index/incompat/x" },
        new("IncompatInAnIndexThatIsOff", Writable, "mkdir -p w/index/incompat/x"),
        new("VolatileAfterVolatile", Writable + ",volatile",
            "mount -t overlay o -o lowerdir=a:b,upperdir=u,workdir=w,volatile m; umount m") { Names = "incompat/volatile" },
        new("VolatileAfterVolatileCleaned", Writable + ",volatile",
            "mount -t overlay o -o lowerdir=a:b,upperdir=u,workdir=w,volatile m; umount m; rm -r w/work/incompat"),
    ];

    private static IEnumerable<MountCell> InUse() =>
        from index in new[] { "on", "off" }
        let strict = index == "off" ? Busy : null
        from cell in new MountCell[]
        {
            new("UpperInUse", Writable,
                "mkdir t x; mount -t overlay o -o lowerdir={}/b,upperdir={}/u,workdir={}/x t") { Names = "in use by the overlay",
                    Stricter = strict },
            new("WorkInUse", Writable,
                "mkdir t x; mount -t overlay o -o lowerdir={}/b,upperdir={}/x,workdir={}/w t") { Names = "in use by the overlay",
                    Stricter = strict },
            new("LowerIsAnUpperInUse", "lowerdir={}/x:{}/b,upperdir={}/u,workdir={}/w",
                "mkdir t x xw; mount -t overlay o -o lowerdir={}/b,upperdir={}/x,workdir={}/xw t") { Names = "in use by the overlay" },
        }
        select cell with { Name = $"{cell.Name},index={index}", Options = $"{cell.Options},index={index}" };

    private static IEnumerable<MountCell> Indexes() =>
        from index in new[] { "on", "off" }
        from cell in new MountCell[]
        {
            new("OtherLower", "lowerdir={}/b,upperdir={}/u,workdir={}/w",
                "mount -t overlay o -o index=on,lowerdir=a,upperdir=u,workdir=w m; umount m") { Names = "another lower layer" },
            new("OtherUpper", "lowerdir={}/a,upperdir={}/x,workdir={}/w",
                "mkdir x; mount -t overlay o -o index=on,lowerdir=a,upperdir=u,workdir=w m; umount m") { Names = "another upperdir" },
            new("SameAgain", "lowerdir={}/a,upperdir={}/u,workdir={}/w",
                "mount -t overlay o -o index=on,lowerdir=a,upperdir=u,workdir=w m; umount m"),
            new("IndexIsAFile", Writable, "touch w/index") { Names = "'index'" },
            new("EntryWithoutMeaning", Writable, "mkdir w/index; touch w/index/xyz") { Names = "no entry of an index" },
            new("EntryLeftByTheKernel", Writable, "mkdir -p w/index/#1/in; touch w/index/#2"),
            new("EntryOfOddLength", Writable, "mkdir w/index; touch w/index/00fb151") { Names = "no entry of an index" },
        }
        select cell with { Name = $"{cell.Name},index={index}", Options = $"{cell.Options},index={index}" };

    [TestCaseSource(nameof(Overlaps))]
    [TestCaseSource(nameof(Uppers))]
    [TestCaseSource(nameof(Works))]
    [TestCaseSource(nameof(InUse))]
    [TestCaseSource(nameof(Indexes))]
    public void Mount_LayersAsTheyAre_AreRefusedAsByTheKernel(MountCell cell) => Compare(cell);
}
