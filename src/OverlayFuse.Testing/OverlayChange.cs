using System.Text;

namespace OverlayFuse.Testing;

/// <summary>The kind of a change.</summary>
public enum OverlayChangeKind
{
    /// <summary>The path is not in the lower directories.</summary>
    Added,

    /// <summary>The content, permissions, owner, time, extended attributes or type are different.</summary>
    Modified,

    /// <summary>The path is only in the lower directories. A deleted directory is one change.</summary>
    Deleted,
}

/// <summary>One difference between a mount and its lower directories.</summary>
/// <param name="Kind">The kind of the change.</param>
/// <param name="Path">
/// The path from the root of the mount, with '/' between names and none before the first. Bytes that are no UTF-8 become U+FFFD.
/// </param>
public sealed record OverlayChange(OverlayChangeKind Kind, string Path)
{
    private const int OctalDigits = 3;

    /// <summary>The form of <c>overlayfuse changes</c>: "A path", "M path", "D path".</summary>
    public override string ToString() => $"{Kind.ToString()[0]} {Path}";

    /// <summary>
    /// Reads the output of <c>overlayfuse changes</c>: kind, blank, path. In the path, \ooo is a byte by three octal digits.
    /// </summary>
    /// <exception cref="OverlayMountException">The output has another form.</exception>
    internal static OverlayChange[] ParseLines(ReadOnlySpan<byte> output)
    {
        var changes = new List<OverlayChange>();
        while (output.IndexOf((byte)'\n') is >= 0 and int end)
        {
            changes.Add(Parse(output[..end]));
            output = output[(end + 1)..];
        }
        return [.. changes];
    }

    private static OverlayChange Parse(ReadOnlySpan<byte> line)
    {
        OverlayChangeKind? kind = line is [var letter, (byte)' ', _, ..] ? letter switch
        {
            (byte)'A' => OverlayChangeKind.Added,
            (byte)'M' => OverlayChangeKind.Modified,
            (byte)'D' => OverlayChangeKind.Deleted,
            _ => null,
        } : null;
        return kind is { } known
            ? new OverlayChange(known, Unescape(line[2..]))
            : throw new OverlayMountException($"'{Encoding.UTF8.GetString(line)}': not a line of 'overlayfuse changes'; "
                + "use the program of the same version as this library");
    }

    private static string Unescape(ReadOnlySpan<byte> path)
    {
        var bytes = new List<byte>(path.Length);
        for (int i = 0; i < path.Length; i++)
        {
            if (path[i] != (byte)'\\')
            {
                bytes.Add(path[i]);
                continue;
            }
            bytes.Add(Convert.ToByte(Encoding.ASCII.GetString(path.Slice(i + 1, OctalDigits)), 8));
            i += OctalDigits;
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }
}
