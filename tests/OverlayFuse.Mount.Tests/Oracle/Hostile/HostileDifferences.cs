using System.Text.RegularExpressions;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Hostile;

/// <summary>The one list of what may differ from the kernel's overlayfs on hostile layers, each with its reason.</summary>
internal static class HostileDifferences
{
    /// <summary>The lines that have no reason here.</summary>
    public static IReadOnlyList<string> LeaveOutKnown(HostileStack stack, IReadOnlyList<string> lines)
    {
        string[] twins = [.. lines.Select(line => Regex.Match(line, "^(first|changed|again): (.*) stat: kernel ESTALE, "))
            .Where(match => match.Success).Select(match => match.Groups[2].Value)];
        return [.. lines.Where(line => !IsTwin(line, twins) && !IsUnlistable(line) && !IsUntoldOpen(line) && !IsBehindTheEnd(stack, line)
            && !IsFilledUp(stack, line) && !IsProtected(stack, line) && !IsLeftWhiteout(line))];
    }

    /// <summary>
    /// Two directories of the upper that claim the same lower directory by their redirects: the kernel knows an inode by its lower one, so
    /// the second is ESTALE as long as the first is remembered (ovl_verify_inode), and which is the second is up to who asks. Ours shows
    /// both.
    /// </summary>
    private static bool IsTwin(string line, string[] twins) =>
        line.StartsWith("change: ", StringComparison.Ordinal) ? line.Contains(": kernel ESTALE, ", StringComparison.Ordinal)
        : twins.Any(twin => line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..] is { } rest
            && (rest.StartsWith(twin + " ", StringComparison.Ordinal) || rest.StartsWith(twin + "/", StringComparison.Ordinal)));

    /// <summary>
    /// Where the kernel must look names up to list them (an impure directory, xino=on), one that is refused makes the whole directory
    /// unlistable. Ours lists the others in any case.
    /// </summary>
    private static bool IsUnlistable(string line) =>
        Regex.IsMatch(line, " list: kernel E[A-Z]+, ours ([^E]|$)");

    /// <summary>
    /// With io=stateless an open is no request: that there are no data is told by the read. The kernel tells why the last of the data-only
    /// layers has none.
    /// </summary>
    private static bool IsUntoldOpen(string line) => Regex.IsMatch(line, " content: kernel open E[A-Z]+, ours read E[A-Z]+$");

    /// <summary>
    /// A metacopy that says less of its size than there are data: the kernel's overlayfs reads the file below, to that one's end. FUSE's
    /// kernel side reads no further than the size that is shown.
    /// </summary>
    private static bool IsBehindTheEnd(HostileStack stack, string line) =>
        HasMark(stack, "metacopy") && Regex.Match(line, " content: kernel (.*), ours (.*)$") is { Success: true } match
        && match.Groups[1].Value.StartsWith(match.Groups[2].Value, StringComparison.Ordinal);

    /// <summary>
    /// A metacopy that says more of its size than there are data: FUSE's kernel side fills the page behind a short read with zeros.
    /// </summary>
    private static bool IsFilledUp(HostileStack stack, string line) =>
        HasMark(stack, "metacopy") && Regex.Match(line, " content: kernel (.*), ours (0x[0-9A-F]+)$") is { Success: true } match
        && Values.Bytes(match.Groups[2].Value).AsSpan().TrimEnd((byte)0)
            .SequenceEqual(Values.Bytes(match.Groups[1].Value).AsSpan().TrimEnd((byte)0));

    /// <summary>
    /// chattr's +i and +a: the VFS knows of them in the kernel's overlayfs, and refuses before it looks at types. In FUSE the daemon
    /// refuses, after the VFS has looked at types.
    /// </summary>
    private static bool IsProtected(HostileStack stack, string line) =>
        HasMark(stack, "protattr")
            && Regex.IsMatch(line, "^change: .*: kernel EPERM, ours (EISDIR|ENOTDIR|ENXIO|ENOTEMPTY|EEXIST|EINVAL|EXDEV)$");

    /// <summary>
    /// A directory of the upper alone that holds a whiteout, which hides nothing: the kernel does not remove it, ours does.
    /// </summary>
    private static bool IsLeftWhiteout(string line) =>
        Regex.IsMatch(line, "^change: (rmdir|remove any|rename) .*: kernel ENOTEMPTY, ours ok$");

    private static bool HasMark(HostileStack stack, string name) =>
        stack.Lowers.Concat(stack.Data).Append(stack.Upper ?? new Layer())
            .Any(layer => layer.Entries.Any(entry => entry is XattrEntry xattr
                && xattr.Name.EndsWith(".overlay." + name, StringComparison.Ordinal)));
}
