using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Tools.Stacks;

/// <summary>
/// A file that lists layers: a line "upper DIR" at most, then "lower DIR" for each lower layer, topmost first, then "data DIR" for
/// data-only ones. So does <c>overlayfuse layers</c> print them. Empty lines are skipped.
/// </summary>
internal static class StackFile
{
    /// <exception cref="UsageException">The file cannot be read, or does not have this form.</exception>
    public static OverlayOptions Read(string file)
    {
        Errno error = TextFile.ReadLines(file, out string[] lines);
        if (error != Errno.None)
            throw new UsageException($"--stack {file}: cannot be read ({error}); name a readable file, with 'lower DIR' in each line");
        OverlayOptions stack = NamedStack.Empty;
        foreach (string line in lines.Where(line => line.Length > 0))
            stack = Add(file, line, stack);
        return stack.LowerDirs.Count > 0 ? stack : throw new UsageException(
            $"--stack {file}: names no lower layer; write 'lower DIR' in a line for each, topmost first");
    }

    private static OverlayOptions Add(string file, string line, OverlayOptions stack)
    {
        int blank = line.IndexOf(' ', StringComparison.Ordinal);
        string role = blank < 0 ? line : line[..blank], path = blank < 0 ? "" : line[(blank + 1)..];
        return (role, path) switch
        {
            (_, "") => throw Wrong(file, line),
            ("upper", _) when stack.UpperDir is null => stack with { UpperDir = path },
            ("lower", _) => stack with { LowerDirs = [.. stack.LowerDirs, path] },
            ("data", _) => stack with { DataDirs = [.. stack.DataDirs, path] },
            _ => throw Wrong(file, line),
        };
    }

    private static UsageException Wrong(string file, string line) => new(
        $"--stack {file}: '{line}' is no layer; write 'upper DIR' once at most, and 'lower DIR' or 'data DIR' for each other layer");
}
