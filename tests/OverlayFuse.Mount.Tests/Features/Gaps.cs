namespace OverlayFuse.Mount.Tests.Features;

/// <summary>The one list of rows that OverlayFuse has not, or not in full, each with the reason.</summary>
internal static class Gaps
{
    public static IReadOnlyDictionary<string, Gap> All { get; } = new Dictionary<string, Gap>
    {
        ["DurabilityRows.SyncFs"] = new(Answer.No,
            "FUSE: the kernel passes syncfs(2) on to virtiofs and fuseblk mounts only (fuse_sync_fs); fsync(2) does reach the disk."),
        ["FileRows.StatFsType"] = new(Answer.No, "FUSE: the answer to statfs(2) has no field for a type or an id (struct fuse_kstatfs)."),
        ["RangeRows.MoveRanges"] = new(Answer.No,
            "FUSE: the kernel refuses these modes before the program is asked (fuse_file_fallocate)."),
        ["RangeRows.Clone"] = new(Answer.No,
            "FUSE: the kernel has no remap_file_range for it and passes FICLONE to nobody; copy_file_range(2) shares blocks."),
        ["FileRows.LastingHandles"] = new(Answer.Partly,
            "They outlive the kernel's memory, not a remount: a FUSE handle is a node number and its generation (fuse_encode_fh), and "
                + "each mount gives out its own."),
    };

    private const string NotYet = "Not built yet: ";

    public static Answer ExpectedOf(Feature feature) => All.TryGetValue(feature.Name, out Gap? gap) ? gap.Answer : Answer.Yes;
}

/// <summary>What OverlayFuse answers in a row where it is not "yes", and why.</summary>
internal sealed record Gap(Answer Answer, string Reason);
