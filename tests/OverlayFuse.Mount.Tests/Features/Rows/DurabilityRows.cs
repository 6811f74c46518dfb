namespace OverlayFuse.Mount.Tests.Features.Rows;

/// <summary>What the disk holds after its power was cut: the journal was written, data that nobody had synced were not.</summary>
[FeatureGroup("Durability")]
internal static class DurabilityRows
{
    /// <summary>
    /// What is written comes from another disk: cat(1) and cp(1) would have blocks shared where they can, and those are on the disk.
    /// </summary>
    private const string MakeSource = "head -c 4M /dev/urandom > ../source";

    [Feature("a copied-up file has its data on disk before it has its name")]
    public static void SyncAtCopyUp(Stage s)
    {
        s.On("ext4");
        PointSynced(s, "");
        s.OnXfs();
        PointSynced(s, "");
    }

    [Feature("`fsync=auto`, `fsync=strict`: the same")]
    public static void FsyncStrict(Stage s)
    {
        s.OnXfs();
        PointSynced(s, "fsync=auto");
        s.Build("rm -rf u w; mkdir u w");
        PointSynced(s, "fsync=strict");
    }

    [Feature("fsync(2) reaches the disk")]
    public static void Fsync(Stage s)
    {
        s.OnXfs();
        s.Build(MakeSource);
        s.Mount();
        s.Do("cat ../source > m/g; xfs_io -c fsync m/g");
        s.CutPower();
        s.Point("cmp u/g ../source");
    }

    [Feature("fdatasync(2) of a lower file that was changed reaches the disk, with the name of its copy", OnKernel = Answer.No)]
    public static void FdatasyncOfACopy(Stage s)
    {
        s.On("ext4");
        s.Build("echo lower > a/f; sync -f .");
        s.Mount();
        s.Do("xfs_io -c 'pwrite -S 0x41 0 3' -c fdatasync m/f > /dev/null");
        s.CutPower(withJournal: false);
        s.Point("grep AAAer u/f");
    }

    [Feature("syncfs(2) (`sync -f`) reaches the disk")]
    public static void SyncFs(Stage s)
    {
        s.OnXfs();
        s.Build(MakeSource);
        s.Mount();
        s.Do("cat ../source > m/g; sync -f m");
        s.CutPower();
        s.Point("cmp u/g ../source");
    }

    [Feature("`volatile`: nothing is synced; the upper is marked, and refused after a crash")]
    public static void Volatile(Stage s)
    {
        s.OnXfs();
        s.Build(MakeSource);
        s.Mount("volatile");
        s.Point("[ -d w/work/incompat/volatile ]");
        s.Do("cat ../source > m/g; xfs_io -c fsync m/g");
        s.CutPower();
        s.Point("not cmp u/g ../source");
        s.PointRefuses(Stage.Plan("volatile"));
    }

    [Feature("`fsync=volatile`: the same")]
    public static void FsyncVolatile(Stage s) => PointUnsynced(s, "fsync=volatile");

    [Feature("`fsync=0`: nothing is synced, fsync(2) returns at once", OnKernel = Answer.No)]
    public static void FsyncZero(Stage s) => PointUnsynced(s, "fsync=0");

    [Feature("the program can be killed (`kill -9`) in a copy-up: the upper stays one that the kernel mounts, each file old or new")]
    public static void Killed(Stage s)
    {
        if (s.IsKernel) Stage.NotApplicable("there is no process to kill");
        s.Build("head -c 256M /dev/urandom > b/f; cp b/f copy");
        s.Mount();
        s.KillDuring("printf X | dd of=m/f bs=1 conv=notrunc status=none");
        s.MountByKernel();
        s.Point("cmp -i 1 m/f copy");
    }

    private static void PointSynced(Stage s, string option)
    {
        s.Build("mkdir -p ../low/d; head -c 4M /dev/urandom > ../low/f; for i in $(seq 100); do head -c 3000 /dev/urandom > ../low/d/$i; "
            + "done");
        s.Mount(option, "a:../low");
        s.Do("chmod 600 m/f; chmod 600 m/d/*");
        s.CutPower();
        s.Point("cmp u/f ../low/f && diff -r u/d ../low/d");
    }

    private static void PointUnsynced(Stage s, string option)
    {
        s.OnXfs();
        s.Build(MakeSource);
        s.Mount(option);
        s.Do("cat ../source > m/g; xfs_io -c fsync m/g");
        s.CutPower();
        s.Point("not cmp u/g ../source");
    }
}
