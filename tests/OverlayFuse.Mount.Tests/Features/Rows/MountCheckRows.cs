namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Checks at the mount")]
internal static class MountCheckRows
{
    [Feature("an upper that another mount uses is refused (`index=on`)")]
    public static void UpperInUse(Stage s)
    {
        s.Build("mkdir w2");
        s.Mount("index=on");
        s.PointRefuses(Stage.Plan("index=on", mountpoint: "m2") with { Work = "w2" });
    }

    [Feature("a work directory that another mount uses is refused (`index=on`)")]
    public static void WorkInUse(Stage s)
    {
        s.Build("mkdir u2");
        s.Mount("index=on");
        s.PointRefuses(Stage.Plan("index=on", mountpoint: "m2") with { Upper = "u2" });
    }

    [Feature("layers that overlap are refused")]
    public static void Overlap(Stage s) => s.PointRefuses(Stage.Plan(), Stage.Plan(lowers: "a:a"));

    [Feature("a work directory inside the upper, or on another file system, is refused")]
    public static void WorkInUpper(Stage s)
    {
        s.PointRefuses(Stage.Plan(), Stage.Plan() with { Work = "u/w" }, "mkdir u/w");
        s.PointRefuses(Stage.Plan(), Stage.Plan() with { Work = "t/w" }, "mkdir t; mount -t tmpfs none t; mkdir t/w");
    }

    [Feature("an upper on a file system that cannot be written is refused or shown read-only")]
    public static void ReadOnlyUpper(Stage s)
    {
        s.Build("mkdir t; mount -t tmpfs none t; mkdir t/u t/w; mount -o remount,ro t");
        bool mounted = true;
        try
        {
            s.Mount(Stage.Plan() with { Upper = "t/u", Work = "t/w" });
        }
        catch (MissingFeatureException)
        {
            mounted = false;
        }
        if (mounted) s.Point("says Read-only touch m/new");
        else s.Point("is refused", true);
    }

    [Feature("what a crash has left in the work directory is cleared")]
    public static void WorkCleared(Stage s)
    {
        s.Build("mkdir -p w/work/d; echo junk > w/work/d/f; echo junk > 'w/work/#1'");
        s.Mount();
        s.Point("[ ! -e w/work/d ]; [ ! -e 'w/work/#1' ]");
    }

    [Feature("an upper marked as incompatible (`work/incompat`) is refused")]
    public static void Incompat(Stage s) => s.PointRefuses(Stage.Plan(), Stage.Plan(), "mkdir -p w/work/incompat/future");

    [Feature("unknown options are refused")]
    public static void UnknownOption(Stage s) => s.PointRefuses(Stage.Plan(), Stage.Plan("frobnicate=1"));

    [Feature("options that contradict each other are refused (`metacopy=on,redirect_dir=nofollow`; `userxattr,metacopy=on`; "
        + "`nfs_export=on,index=off`)")]
    public static void Conflicts(Stage s)
    {
        s.PointRefuses(Stage.Plan("metacopy=on"), Stage.Plan("metacopy=on,redirect_dir=nofollow"));
        s.PointRefuses(Stage.Plan("userxattr"), Stage.Plan("userxattr,metacopy=on"));
        s.PointRefuses(Stage.Plan("index=on,nfs_export=on"), Stage.Plan("nfs_export=on,index=off"));
    }

    [Feature("a lower layer that is missing, or a file, is refused")]
    public static void MissingLayer(Stage s)
    {
        s.PointRefuses(Stage.Plan(), Stage.Plan(lowers: "a:none"));
        s.PointRefuses(Stage.Plan(), Stage.Plan(lowers: "a:file"), "echo > file");
    }

    [Feature("with `index=on` an upper is refused over a lower layer that is not its own")]
    public static void StaleOrigin(Stage s)
    {
        s.Build("mkdir c");
        s.Mount("index=on");
        s.Unmount();
        s.PointRefuses(Stage.Plan("index=on", lowers: "c"));
    }
}
