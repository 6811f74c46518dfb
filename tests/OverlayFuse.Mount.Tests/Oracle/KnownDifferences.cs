using System.Text.RegularExpressions;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>The one list of what may differ from the kernel's overlayfs, each line with its reason.</summary>
internal static class KnownDifferences
{
    private static readonly IReadOnlyList<Rule> Rules =
    [
        new("lseek(SEEK_DATA or SEEK_HOLE) on a directory: FUSE's directories have the VFS's own llseek, which answers from the size, "
            + "never the daemon",
            (operation, one, other) => operation.Core is Seek && one.StartsWith(Seek.OnDirectory, StringComparison.Ordinal)
                && other.StartsWith(Seek.OnDirectory, StringComparison.Ordinal)),
        new("fallocate that moves data (COLLAPSE_RANGE, INSERT_RANGE): FUSE's own kernel side refuses these modes (fuse_file_fallocate)",
            (operation, one, other) => operation.Core is Fallocate { Flags: FallocFlags.CollapseRange or FallocFlags.InsertRange }
                && (one == "EOPNOTSUPP" || other == "EOPNOTSUPP")),
        new("FICLONE: FUSE has no remap_file_range; copy_file_range(2) is passed on and makes reflinks",
            (operation, one, other) => operation.Core is Clone && (one == "EOPNOTSUPP" || other == "EOPNOTSUPP")),
    ];

    /// <summary>Whether the answers to one operation may differ.</summary>
    public static bool Allow(Scenario scenario, Operation operation, string one, string other) =>
        Rules.Any(rule => rule.Allows(operation, one, other)) || IsTimeOfFetchedData(scenario, one, other)
            || IsCountOfIndexEntry(scenario, one, other)
        || IsOpenOfProtected(scenario, operation, one, other) || IsChownOfNothing(scenario, operation, one, other)
        || IsRemovalOfNoAcl(scenario, operation, one, other) || IsMapOfOldFile(scenario, operation, one, other)
        || IsNumberOfOpenListing(scenario, operation, one, other) || IsNumberWithoutOrigin(scenario, operation, one, other)
        || IsRenameWithoutOrigin(scenario, operation, one, other) || IsTimeOfMovedData(scenario, one, other)
        || IsSetIdOfCapableFile(scenario, one, other)
        || IsSeekOfRotated(scenario, operation)
        || IsTimeByFuse(scenario, one, other);

    /// <summary>
    /// A lower file that is unlinked while open cannot be changed through its descriptor in the kernel's overlayfs: its copy-up links the
    /// copy to the name, where the whiteout is now (EEXIST), and has marked the directory impure before. Ours keeps the copy without a
    /// name.
    /// The two files are not the same from there on, so the scenario ends.
    /// </summary>
    public static bool IsCopyUpOfUnlinked(Operation operation, string one, string other) =>
        operation.Core is Fchmod or Fchown or Futimens or FsetXattr or Reopen && ((one, other) is ("EEXIST", "ok") or ("ok", "EEXIST"));

    /// <summary>
    /// copy_file_range(2) between layers on different kinds of file systems is EXDEV in the kernel's overlayfs; FUSE's kernel side then
    /// reads and writes (fuse_copy_file_range), so ours copies. The target is not the same from there on, so the scenario ends.
    /// </summary>
    public static bool IsCopyBetweenDisks(Operation operation, string one, string other) =>
        operation.Core is CopyRange && one != other && (one == "EXDEV" || other == "EXDEV");

    /// <summary>
    /// A lower directory that was removed and is then changed through its descriptor: the kernel copies up what has its name now, ENOTDIR
    /// when that is a whiteout; and when it is another directory, that one gets the change. Ours changes nothing that is there.
    /// </summary>
    public static bool IsChangeOfRemovedDirectory(Operation operation, Session session) => operation.Core switch
    {
        Fchmod change => session.IsRemovedDirectory(change.Slot),
        Fchown change => session.IsRemovedDirectory(change.Slot),
        Futimens change => session.IsRemovedDirectory(change.Slot),
        FsetXattr change => session.IsRemovedDirectory(change.Slot),
        _ => false,
    };

    /// <summary>
    /// io=stateless: an open of a file with chattr +i or +a is not told to the daemon, so the write is refused instead; nor is it told who
    /// has a file open.
    /// </summary>
    private static bool IsOpenOfProtected(Scenario scenario, Operation operation, string one, string other) =>
        scenario.Io == "stateless" && scenario.HasProtection && (one, other) is ("EPERM" or "EBADF", _) or (_, "EPERM" or "EBADF")
            && operation.Core switch
            {
                Open or Write or WriteNext => true,
                // of a descriptor that the kernel's side has not
                Fallocate or Ftruncate or Close => (one, other) is ("EBADF", _) or (_, "EBADF"),
                _ => false,
            };

    /// <summary>
    /// io=stateless: a chown of neither user nor group is what a write asks for first; a stranger's is answered, and clears nothing.
    /// </summary>
    private static bool IsChownOfNothing(Scenario scenario, Operation operation, string one, string other) =>
        scenario.Io == "stateless" && operation.Core is Lchown { User: -1, Group: -1 } or Fchown { User: -1, Group: -1 }
            && (one, other) is ("EPERM", "ok") or ("ok", "EPERM");

    /// <summary>
    /// The removal of an access list that is not there succeeds in the upper and is ENODATA below (ovl_set_or_remove_acl). With
    /// io=stateless a file that was opened for writing and not written is not in the upper yet; with index=on another name's parent may be,
    /// as FUSE names the inode and not the name.
    /// </summary>
    private static bool IsRemovalOfNoAcl(Scenario scenario, Operation operation, string one, string other) =>
        (scenario.Io == "stateless" || scenario.Options.Contains("index=on", StringComparison.Ordinal))
            && (one, other) is ("ENODATA", "ok") or ("ok", "ENODATA")
        && operation.Core is RemoveXattr { Name: AccessList } or SetXattr { Name: AccessList, Value: "" }
        or FsetXattr { Name: AccessList, Value: "" };

    /// <summary>
    /// writeback=1: the time of change is FUSE's kernel side's. Truncation to the size that a file has already is no change there
    /// (fuse_do_setattr), on a disk it is; any fallocate is one (fuse_file_fallocate), on tmpfs it is none.
    /// </summary>
    private static bool IsTimeByFuse(Scenario scenario, string one, string other) =>
        ResizesWithWriteBack(scenario) && (one + other).Contains(" mtime now ", StringComparison.Ordinal)
        && Regex.Replace(one, @" mtime \S+", "") == Regex.Replace(other, @" mtime \S+", "");

    private static bool IsTimeByFuse(Scenario scenario, string line) =>
        ResizesWithWriteBack(scenario) && line.Contains(": mtime: ", StringComparison.Ordinal)
            && line.Contains(" of the run", StringComparison.Ordinal);

    private static bool ResizesWithWriteBack(Scenario scenario) =>
        scenario.Io == OverlayOptions.OpenWithWriteBack && scenario.Operations.Any(operation =>
            operation.Core is Truncate or Ftruncate or Fallocate || (operation.Core is Open open && open.Flags.HasFlag(O.TRUNC)));

    /// <summary>
    /// A descriptor from before a copy-up: the kernel's overlayfs maps the lower file still (ovl_mmap takes the real file that was opened),
    /// though read(2) shows the copy. Ours maps the file that is.
    /// </summary>
    private static bool IsMapOfOldFile(Scenario scenario, Operation operation, string one, string other) =>
        operation.Core is MapRead && one.Contains(" bytes ", StringComparison.Ordinal)
            && other.Contains(" bytes ", StringComparison.Ordinal)
        && scenario.Operations.Any(earlier => earlier.Core is Write or WriteNext or WriteBlocks or CopyRange or Truncate or Ftruncate
        or Fallocate);

    /// <summary>
    /// A copy-up that breaks a hard link gives the file a number of its own. As long as somebody has its directory open, the kernel lists
    /// it under the old one: a copy-up does not make its merged listing stale (ovl_cache_get). Ours lists what stat(2) says.
    /// </summary>
    private static bool IsNumberOfOpenListing(Scenario scenario, Operation operation, string one, string other) =>
        operation.Core is ReadDir or RereadDir or ReadRest && scenario.Operations.Any(earlier => earlier.Core is OpenDir)
        && scenario.Lowers.Any(layer => layer.Entries.Any(entry => entry is HardLinkEntry))
        && WithoutNumbers(one) == WithoutNumbers(other);

    private static string WithoutNumbers(string listing) => Without(@"(?<=#)\d+", listing);

    private static string Without(string pattern, string answer) => Regex.Replace(answer, pattern, "");

    /// <summary>What <see cref="IsLinkWithoutOrigin"/> says of trees, in a listing.</summary>
    private static bool IsNumberWithoutOrigin(Scenario scenario, Operation operation, string one, string other) =>
        operation.Core is ReadDir or RereadDir or ReadRest && scenario.Options.Contains("userxattr", StringComparison.Ordinal)
            && WithoutNumbers(one) == WithoutNumbers(other);

    /// <summary>
    /// A rename of such a name as <see cref="IsLinkWithoutOrigin"/> tells of: ESTALE on the side that takes it for another file by then.
    /// </summary>
    private static bool IsRenameWithoutOrigin(Scenario scenario, Operation operation, string one, string other) =>
        scenario.Options.Contains("userxattr", StringComparison.Ordinal) && operation.Core is Rename
            && (one, other) is ("ESTALE", "ok") or ("ok", "ESTALE");

    /// <summary>
    /// An empty security.capability can be set, but not read (cap_inode_getsecurity: EINVAL). The kernel's overlayfs cannot copy the data
    /// of a metacopy up beside it, nor a file that has it; ours takes it as absent. What is done to that file afterwards differs, so the
    /// scenario ends.
    /// </summary>
    public static bool IsEmptyCapability(Scenario scenario, string one, string other) =>
        (one, other) is ("EINVAL", _) or (_, "EINVAL") && SetsEmptyCapability(scenario);

    private static bool SetsEmptyCapability(Scenario scenario) =>
        scenario.Operations.Any(operation => operation.Core is SetXattr { Name: "security.capability", Value: "" }
        or FsetXattr { Name: "security.capability", Value: "" });

    /// <summary>
    /// Before root changes a file with capabilities the kernel has them removed, and sends a SETATTR of nothing after it, which is also
    /// what chown(-1, -1) looks like. Ours takes it for that, and clears set-uid and set-gid.
    /// </summary>
    private static bool IsSetIdOfCapableFile(Scenario scenario, string line) =>
        line.Contains(": mode: ", StringComparison.Ordinal) && SetsCapability(scenario);

    /// <summary>The same mode, asked for by stat.</summary>
    private static bool IsSetIdOfCapableFile(Scenario scenario, string one, string other) =>
        SetsCapability(scenario) && Without(@"^file \d+ ", one) == Without(@"^file \d+ ", other);

    private static bool SetsCapability(Scenario scenario) =>
        scenario.Operations.Any(operation => operation.Core is SetXattr { Name: "security.capability" }
        or FsetXattr { Name: "security.capability" });

    /// <summary>Where FUSE's own kernel side refuses to move data, XFS has taken note of a change before it refuses.</summary>
    private static bool IsTimeOfMovedData(Scenario scenario, string line) =>
        line.Contains(": mtime: ", StringComparison.Ordinal) && MovesData(scenario);

    /// <summary>The same time, asked for by stat.</summary>
    private static bool IsTimeOfMovedData(Scenario scenario, string one, string other) =>
        MovesData(scenario) && Without(@" mtime \S+", one) == Without(@" mtime \S+", other);

    private static bool MovesData(Scenario scenario) =>
        scenario.Operations.Any(operation => operation.Core is Fallocate { Flags: FallocFlags.CollapseRange or FallocFlags.InsertRange });

    /// <summary>
    /// On tmpfs a hole that is mapped shared and read gets a page, also one of a lower file; both sides have the same lower layers.
    /// </summary>
    private static bool IsPageOfMappedHole(Scenario scenario, string line) =>
        line.Contains(" was changed: ", StringComparison.Ordinal)
        && (line.Contains(": blocks: ", StringComparison.Ordinal) || line.Contains(": data: ", StringComparison.Ordinal))
        && scenario.Operations.Any(operation => operation.Core is MapRead { Shared: true });

    private const string AccessList = "system.posix_acl_access";

    /// <summary>
    /// The kernel's overlayfs looks for a hole where a chunk of 1 MiB begins, and fills those within one with zeros (ovl_copy_up_file);
    /// ours keeps them. Lower files have holes when they come from a rotated upper.
    /// </summary>
    private static bool IsHoleWithinChunk(Scenario scenario, string line) =>
        line.Contains(": data: ", StringComparison.Ordinal) && scenario.Operations.Any(operation => operation is Rotate);

    /// <summary>The same holes, asked for by lseek.</summary>
    private static bool IsSeekOfRotated(Scenario scenario, Operation operation) =>
        operation.Core is Seek && scenario.Operations.Any(earlier => earlier is Rotate);

    /// <summary>
    /// The kernel lists the whiteouts of a directory that is in one lower layer only, though lookup denies them: a name without a file.
    /// Ours shows no such names.
    /// </summary>
    public static bool IsGhost(Session session, nint stream, Dirent entry) =>
        session.Side.IsKernel && entry.d_type == Mode.S_IFCHR >> 12
        && Syscall.fstatat(Libc.dirfd(stream), entry.d_name, out _, AtFlags.AT_SYMLINK_NOFOLLOW) < 0
        && Stdlib.GetLastError() == Errno.ENOENT;

    /// <summary>
    /// A rename of a pure upper directory that fails: the kernel has marked the directory opaque before it tried, which changes nothing
    /// that can be seen. Ours marks it when the rename is going to succeed.
    /// </summary>
    private static bool IsOpaqueOfFailedRename(Scenario scenario, IReadOnlyList<string> answers, string line) =>
        line.Contains(".overlay.opaque: ", StringComparison.Ordinal)
        && scenario.Operations.Take(answers.Count).Where((operation, index) => operation.Core is Rename && answers[index] != "ok").Any();

    /// <summary>
    /// Opening a file for writing whose data lie below fetches them, and in the kernel that is a write: the time of change is that of the
    /// opening, though nothing was written. Ours keeps it.
    /// </summary>
    private static bool IsTimeOfFetchedData(Scenario scenario, string line) =>
        scenario.Options.Contains("metacopy=on", StringComparison.Ordinal) && line.Contains(": mtime: ", StringComparison.Ordinal)
        && line.Contains(" of the run", StringComparison.Ordinal);

    /// <summary>
    /// XFS allocates more than is written at the end of a file, and gives it back later; when the file grows meanwhile, whether that is
    /// data or a hole depends on when the pages were written back. Zeros it is in any case.
    /// </summary>
    private static bool IsAllocationOfXfs(Scenario scenario, string line) =>
        scenario.Upper.FileSystem == "xfs" && (line.Contains(": data: ", StringComparison.Ordinal)
            || (line.Contains(" was changed: ", StringComparison.Ordinal) && line.Contains(": blocks: ", StringComparison.Ordinal)));

    /// <summary>
    /// Room that was reserved and not written counts as data where its pages are in the page cache (mapping_seek_hole_data), and which are
    /// is up to readahead. Zeros it is in any case.
    /// </summary>
    private static bool IsReservedRoomThatWasRead(Scenario scenario, string line) =>
        line.Contains(": data: ", StringComparison.Ordinal)
        && scenario.Operations.Any(operation => operation.Core is Fallocate
        {
            Flags: FallocFlags.None or FallocFlags.KeepSize
        or FallocFlags.ZeroRange
        });

    /// <summary>
    /// The kernel's readdir removes an impure mark when nothing with an origin is left in a directory; ours lets it stand, which costs a
    /// look.
    /// </summary>
    private static bool IsStrayImpure(string line) =>
        line.EndsWith(".overlay.impure: kernel -, " + Ours + " y", StringComparison.Ordinal)
        || line.EndsWith(".overlay.impure: " + Ours + " y, kernel -", StringComparison.Ordinal);

    /// <summary>The impure mark of a directory, whichever side has it.</summary>
    public static bool IsImpure(string line) => line.Contains(".overlay.impure: ", StringComparison.Ordinal);

    /// <summary>
    /// With io=stateless an open for writing that writes nothing copies nothing up: it breaks no hard link of a lower layer, and when the
    /// name is removed, the lower file that is left has its link.
    /// </summary>
    private static bool IsLinkThatNobodyBroke(Scenario scenario, string line) =>
        scenario.Io == "stateless"
            && (line.Contains(": nlink: ", StringComparison.Ordinal) || line.Contains(": same inode as: ", StringComparison.Ordinal));

    /// <summary>
    /// With userxattr the kernel can mark no origin on what is neither file nor directory, as user.* xattrs are not for them: another name
    /// that such a file gets is shown with the number of the copy, the first one with that of the origin.
    /// </summary>
    private static bool IsLinkWithoutOrigin(Scenario scenario, string line) =>
        scenario.Options.Contains("userxattr", StringComparison.Ordinal) && line.Contains(": same inode as: ", StringComparison.Ordinal);

    /// <summary>XFS lists its access lists a second time, as trusted.SGI_ACL_*; with io=stateless the file may not be on it yet.</summary>
    private static bool IsAclOfXfs(Scenario scenario, string line) =>
        scenario.Io == "stateless" && line.Contains(": xattr trusted.SGI_ACL_", StringComparison.Ordinal);

    /// <summary>
    /// nfs_export=on: once looked up again, a copied-up file whose lower one had a single link shows the number of the upper inode in the
    /// kernel, and so counts its index entry among its names (ovl_get_nlink). Ours shows one less: the names that there are.
    /// </summary>
    private static bool IsCountOfIndexEntry(Scenario scenario, string one, string other) =>
        scenario.Options.Contains("nfs_export=on", StringComparison.Ordinal) && LinksIn(one) is { } here && LinksIn(other) is { } there
        && Math.Abs(here - there) == 1 && one.Replace($" nlink {here} ", $" nlink {there} ", StringComparison.Ordinal) == other;

    private static bool IsCountOfIndexEntry(Scenario scenario, string line) =>
        scenario.Options.Contains("nfs_export=on", StringComparison.Ordinal)
            && Regex.Match(line, @": nlink: (\w+) (\d+), (\w+) (\d+)$") is { Success: true } match
        && Number(match.Groups[2]) - Number(match.Groups[4]) == (match.Groups[1].Value == "kernel" ? 1 : -1);

    private static int? LinksIn(string answer) =>
        Regex.Match(answer, @" nlink (\d+) ") is { Success: true } match ? Number(match.Groups[1]) : null;

    private static int Number(Capture digits) => int.Parse(digits.ValueSpan, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Whether a line of a comparison of trees is one of these.</summary>
    public static bool Allow(Scenario scenario, IReadOnlyList<string> answers, string line) =>
        IsOpaqueOfFailedRename(scenario, answers, line) || IsStrayImpure(line) || IsImpureOfFailedCopyUp(scenario, line)
            || IsTimeOfFetchedData(scenario, line)
        || IsTimeOfFailedRename(scenario, line) || IsAllocationOfXfs(scenario, line) || IsReservedRoomThatWasRead(scenario, line)
        || IsHoleWithinChunk(scenario, line) || IsPageOfMappedHole(scenario, line) || IsTimeOfMovedData(scenario, line)
        || IsSetIdOfCapableFile(scenario, line)
        || IsLinkThatNobodyBroke(scenario, line) || IsLinkWithoutOrigin(scenario, line) || IsAclOfXfs(scenario, line)
        || IsCountOfIndexEntry(scenario, line)
        || IsTimeByFuse(scenario, line);

    /// <summary>The same time as <see cref="IsTimeOfFetchedData(Scenario, string)"/>, asked for by stat.</summary>
    private static bool IsTimeOfFetchedData(Scenario scenario, string one, string other) =>
        scenario.Options.Contains("metacopy=on", StringComparison.Ordinal)
            && (one + other).Contains(" mtime now ", StringComparison.Ordinal)
        && Without(@" mtime \S+", one) == Without(@" mtime \S+", other);

    /// <summary>
    /// The kernel marks a directory impure before it copies up into it. Of a file with an empty security.capability it has no copy to make
    /// (the xattr cannot be read), but the mark stays.
    /// </summary>
    private static bool IsImpureOfFailedCopyUp(Scenario scenario, string line) =>
        SetsEmptyCapability(scenario)
        && (IsImpure(line) || Regex.IsMatch(line, @": (data|size|hash|blocks|xattr \w+\.overlay\.metacopy): ")); // and it is left as it was

    /// <summary>
    /// ext4 puts the old name back when a rename that leaves a whiteout fails, and that changes the directory's time (ext4_resetent).
    /// </summary>
    private static bool IsTimeOfFailedRename(Scenario scenario, string line) =>
        scenario.Upper.FileSystem == "ext4" && line.Contains(": mtime: ", StringComparison.Ordinal)
            && line.Contains(" of the run", StringComparison.Ordinal)
        && scenario.Operations.Any(operation => operation.Core is Rename);

    private static string Ours => Path.GetFileName(ProgramUnderTest.Path);

    private sealed record Rule(string Reason, Func<Operation, string, string, bool> Allows);
}
