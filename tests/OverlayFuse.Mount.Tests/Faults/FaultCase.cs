using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Oracle;

namespace OverlayFuse.Mount.Tests.Faults;

/// <summary>
/// One operation on a cell, a single system call of its user: what is done before without faults, itself, and what is asked after it.
/// </summary>
internal sealed record FaultCase(string Name, Func<string, Operation> Act)
{
    public Func<string, Operation[]> Before { get; init; } = _ => [];

    public Func<string, Operation[]> After { get; init; } = _ => [];

    /// <summary>When it has failed, it cannot be done again.</summary>
    public bool OnceOnly { get; init; }

    public override string ToString() => Name;

    public static IEnumerable<FaultCase> All => [.. CopyUps, .. Creations, .. Removals, .. Renames, .. Reads, .. Writes];

    public static IEnumerable<FaultCase> CopyUps =>
    [
        new("CopyUp_OpenForWriting", c => new Open("w", c + "/d/f", O.WRONLY)),
        new("CopyUp_SparseFile", c => new Open("w", c + "/sparse", O.RDWR)),
        new("CopyUp_OpenTruncating", c => new Open("w", c + "/d/f", O.WRONLY | O.TRUNC)),
        new("CopyUp_FileOpenForReading", c => new Open("w", c + "/low", O.WRONLY))
        {
            Before = c => [new Open("r", c + "/low", O.RDONLY)],
            After = _ => [new Write("w", 0, "new"), new Read("r", 0, 10), new Fstat("r")],
        },
        new("Truncate_LowerFile", c => new Truncate(c + "/d/f", 5000)),
        new("Chmod_LowerFile", c => new Chmod(c + "/d/f", 600)),
        new("Chmod_LowerDirectory", c => new Chmod(c + "/bare", 700)),
        new("Chown_LowerSymlink", c => new Lchown(c + "/sym", 5, 6)),
        new("Chown_LowerFifo", c => new Lchown(c + "/pipe", 5, 6)),
        new("Utimens_LowerFile", c => new Utimens(c + "/d/f", 5, 6, 7)),
        new("SetXattr_LowerFile", c => new SetXattr(c + "/d/f", "user.b", "b")),
        new("RemoveXattr_LowerFile", c => new RemoveXattr(c + "/d/f", "user.a")),
        new("SetAcl_LowerFile", c => new SetAcl(c + "/d/f", "u::rw-,g::r--,o::---")),
        new("Chmod_BrokenHardLink", c => new Chmod(c + "/hard1", 600)),
    ];

    public static IEnumerable<FaultCase> Creations =>
    [
        new("Create_NewFile",
            c => new Open("w", c + "/bare/new", O.RDWR | O.CREAT | O.EXCL)) { After = _ => [new Fstat("w"), new Write("w", 0, "x")] },
        new("Create_OverWhiteout", c => new Open("w", c + "/covered", O.RDWR | O.CREAT | O.EXCL)),
        new("Create_OverWhiteoutWithDefaultAcl", c => new Open("w", c + "/d/covered", O.RDWR | O.CREAT | O.EXCL, 660)),
        new("Create_WithDefaultAcl", c => new WithUmask(77, new Open("w", c + "/d/new", O.RDWR | O.CREAT, 666))),
        new("Mkdir_New", c => new Mkdir(c + "/bare/new")),
        new("Mkdir_OverWhiteoutOfFile", c => new Mkdir(c + "/covered")),
        new("Mkdir_OverWhiteoutOfDirectory", c => new Mkdir(c + "/gone")),
        new("Mknod_New", c => new Mknod(c + "/d/fifo", 'p')),
        new("Mknod_OverWhiteout", c => new Mknod(c + "/covered", 'p')),
        new("Symlink_New", c => new Symlink(c + "/new", "low")),
        new("Symlink_OverWhiteout", c => new Symlink(c + "/covered", "low")),
        new("Link_LowerFile", c => new Link(c + "/d/f", c + "/bare/link")),
        new("Link_UpperFileOverWhiteout", c => new Link(c + "/up", c + "/covered")),
        new("TmpFile_InLowerDirectory",
            c => new Open("t", c + "/bare", O.TMPFILE | O.RDWR)) { After = _ => [new Write("t", 0, "x"), new Fstat("t")] },
        new("Link_TmpFile", c => new LinkDescriptor("t", c + "/d/linked")) { Before = c => [new Open("t", c + "/d", O.TMPFILE | O.RDWR)] },
        new("Link_TmpFileOverWhiteout", c => new LinkDescriptor("t", c + "/covered"))
        {
            Before = c => [new Open("t", c, O.TMPFILE | O.RDWR)],
            OnceOnly = true, // it had a link in the work directory, which is gone: vfs_link allows no further one
        },
    ];

    public static IEnumerable<FaultCase> Removals =>
    [
        new("Unlink_LowerFile", c => new Unlink(c + "/low")),
        new("Unlink_UpperFile", c => new Unlink(c + "/up")),
        new("Unlink_FileOfBoth", c => new Unlink(c + "/both")),
        new("Unlink_OpenFile", c => new Unlink(c + "/both")) { Before = c => [new Open("r", c + "/both", O.RDWR)],
            After = _ => [new Fstat("r"), new Read("r", 0, 20)] },
        new("Rmdir_LowerDirectory", c => new Rmdir(c + "/bare")),
        new("Rmdir_UpperDirectory", c => new Rmdir(c + "/updir")),
        new("Rmdir_MergedOfWhiteouts", c => new Rmdir(c + "/hollow")),
    ];

    public static IEnumerable<FaultCase> Renames =>
    [
        new("Rename_LowerFile", c => new Rename(c + "/d/f", c + "/moved")),
        new("Rename_LowerOverUpper", c => new Rename(c + "/low", c + "/up")),
        new("Rename_UpperOverLower", c => new Rename(c + "/up", c + "/d/f")),
        new("Rename_FileOverWhiteout", c => new Rename(c + "/up", c + "/covered")),
        new("Rename_LowerFileOverWhiteout", c => new Rename(c + "/low", c + "/covered", RenameFlags.NoReplace)),
        new("Rename_DirectoryOverWhiteout", c => new Rename(c + "/full", c + "/gone")),
        new("Rename_DirectoryIntoMerged", c => new Rename(c + "/full", c + "/d/full")),
        new("Rename_DirectoryOverHollow", c => new Rename(c + "/full", c + "/hollow")),
        new("Rename_DirectoryOverLowerOne", c => new Rename(c + "/full", c + "/bare")),
        new("Rename_DirectoryOverUpperOne", c => new Rename(c + "/full", c + "/updir")),
        new("Exchange_LowerAndUpperFile", c => new Rename(c + "/d/f", c + "/up", RenameFlags.Exchange)),
        new("Exchange_FileAndDirectory", c => new Rename(c + "/low", c + "/full", RenameFlags.Exchange)),
        new("Rename_LowerDirectory", c => new Rename(c + "/d", c + "/moved")),
    ];

    public static IEnumerable<FaultCase> Reads =>
    [
        new("Lstat_LowerFile", c => new Lstat(c + "/d/f")),
        new("Lstat_WhiteOut", c => new Lstat(c + "/covered")),
        new("Lstat_MergedDirectory", c => new Lstat(c + "/d")),
        new("ReadDir_Merged", c => new ReadDir(c + "/d")),
        new("ReadDir_OfEverything", c => new ReadDir(c)),
        new("Read_LowerFile", c => new ReadFile(c + "/d/f")),
        new("Readlink_Lower", c => new Readlink(c + "/sym")),
        new("GetXattr_LowerFile", c => new GetXattr(c + "/d/f", "user.a")),
        new("ListXattr_LowerFile", c => new ListXattr(c + "/d/f")),
        new("StatFs_Root", c => new StatFs(c)),
    ];

    public static IEnumerable<FaultCase> Writes =>
    [
        new("Write_UpperFile", _ => new Write("w", 0, "new")) { Before = c => [new Open("w", c + "/up", O.RDWR)] },
        new("Ftruncate_UpperFile", _ => new Ftruncate("w", 100)) { Before = c => [new Open("w", c + "/up", O.RDWR)] },
        new("Fallocate_UpperFile",
            _ => new Fallocate("w", FallocFlags.None, 0, 10_000)) { Before = c => [new Open("w", c + "/up", O.RDWR)] },
        new("Fsync_UpperFile", _ => new Fsync("w")) { Before = c => [new Open("w", c + "/up", O.RDWR)] },
        new("Fdatasync_UpperFile", _ => new Fsync("w", DataOnly: true)) { Before = c => [new Open("w", c + "/up", O.RDWR)] },
        new("Fsync_Directory", _ => new Fsync("w")) { Before = c => [new Open("w", c + "/updir", O.RDONLY)] },
        new("Syncfs_OfTheMount", _ => new Syncfs("w")) { Before = c => [new Open("w", c + "/updir", O.RDONLY)] },
        new("CopyRange_LowerToUpper",
            _ => new CopyRange("r", 0, "w", 0, 3)) { Before = c => [new Open("r", c + "/low", O.RDONLY),
                new Open("w", c + "/up", O.RDWR)] },
        new("Fchmod_UnlinkedFile", _ => new Fchmod("w", 600))
        {
            Before = c => [new Open("w", c + "/up", O.RDWR), new Unlink(c + "/up")],
            After = _ => [new Fstat("w"), new Read("w", 0, 10)],
        },
        new("Seek_SparseFile", _ => new Seek("r", 0, 4)) { Before = c => [new Open("r", c + "/sparse", O.RDONLY)] },
    ];
}
