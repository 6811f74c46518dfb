using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>Absolute paths without symbolic links, cut at a directory that holds several of them.</summary>
internal static class CommonPath
{
    /// <summary>The lowest directory that is an ancestor of both, or one of them.</summary>
    public static string Of(string one, string other)
    {
        int same = one.AsSpan().CommonPrefixLength(other);
        int end = EndsAt(one, same) && EndsAt(other, same) ? same : one.AsSpan(0, same).LastIndexOf('/');
        return end <= 0 ? "/" : one[..end];
    }

    /// <summary>The rest of a path that begins with <paramref name="parent"/>: "." if there is none.</summary>
    public static Name Below(string parent, string path) =>
        Name.From(path.Length == parent.Length ? "." : path[parent.Length..].TrimStart('/'));

    private static bool EndsAt(string path, int length) => length == path.Length || path[length] == '/';
}
