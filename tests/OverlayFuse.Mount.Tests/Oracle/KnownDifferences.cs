using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>The one list of what may differ from the kernel's overlayfs, each line with its reason.</summary>
internal static class KnownDifferences
{
    private static readonly IReadOnlyList<Rule> Rules =
    [
        new("lseek(SEEK_DATA or SEEK_HOLE) on a directory: FUSE's directories have the VFS's own llseek, which answers from the size, never the daemon",
            (operation, one, other) => operation.Core is Seek && (one, other) is ("EINVAL", "ENXIO") or ("ENXIO", "EINVAL")),
    ];

    public static bool Allow(Operation operation, string one, string other) => Rules.Any(rule => rule.Allows(operation, one, other));

    /// <summary>
    /// The kernel lists the whiteouts of a directory that is in one lower layer only, though lookup denies them: a name without a file.
    /// Ours shows no such names.
    /// </summary>
    public static bool IsGhost(Session session, nint stream, Dirent entry) =>
        session.Side.IsKernel && entry.d_type == Mode.S_IFCHR >> 12
        && Syscall.fstatat(Libc.dirfd(stream), entry.d_name, out _, AtFlags.AT_SYMLINK_NOFOLLOW) < 0 && Stdlib.GetLastError() == Errno.ENOENT;

    /// <summary>
    /// A rename of a pure upper directory that fails: the kernel has marked the directory opaque before it tried, which changes nothing that can be
    /// seen. Ours marks it when the rename is going to succeed.
    /// </summary>
    public static bool IsOpaqueOfFailedRename(Scenario scenario, IReadOnlyList<string> answers, string line) =>
        line.Contains(": xattr trusted.overlay.opaque: ", StringComparison.Ordinal)
        && scenario.Operations.Where((operation, index) => operation.Core is Rename && answers[index] != "ok").Any();

    /// <summary>The kernel's readdir removes an impure mark when nothing with an origin is left in a directory; ours lets it stand, which costs a look.</summary>
    public static bool IsStrayImpure(string line) =>
        line.EndsWith(": xattr trusted.overlay.impure: kernel -, " + Ours + " y", StringComparison.Ordinal)
        || line.EndsWith(": xattr trusted.overlay.impure: " + Ours + " y, kernel -", StringComparison.Ordinal);

    private static string Ours => Path.GetFileName(ProgramUnderTest.Path);

    private sealed record Rule(string Reason, Func<Operation, string, string, bool> Allows);
}
