using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Tools.Stacks;

/// <summary>Makes the paths of the layers of a mount absolute. Mounts show them as they were given.</summary>
internal static class LayerPaths
{
    /// <summary>Looks for the directory at which relative paths begin.</summary>
    /// <param name="options">The layers as the mount shows them.</param>
    /// <param name="mountPoint">The mountpoint.</param>
    /// <param name="starts">Directories at which relative paths may begin.</param>
    /// <exception cref="IOException">No directory has all of them.</exception>
    public static OverlayOptions Absolute(OverlayOptions options, string mountPoint, IEnumerable<string> starts)
    {
        string[] all = [.. options.LowerDirs, .. options.DataDirs, .. options.UpperDir is { } upper ? [upper] : Array.Empty<string>()];
        if (all.Length == 0)
            throw new IOException($"{mountPoint}: does not tell its layers; name them: --lower TOP:...:BOTTOM --upper DIR");
        if (all.All(Path.IsPathRooted))
            return options;
        string start = starts.FirstOrDefault(start => all.All(layer => Sys.IsDirectory(Path.Combine(start, layer))))
            ?? throw new IOException($"{mountPoint}: its layer {all.First(layer => !Path.IsPathRooted(layer))} is a relative path, and the "
                + "directory where it begins is not known; name the layers: --lower TOP:...:BOTTOM --upper DIR");
        return From(start, options);
    }

    /// <summary>Makes all paths absolute from one directory on.</summary>
    public static OverlayOptions From(string start, OverlayOptions options) => options with
    {
        LowerDirs = [.. options.LowerDirs.Select(layer => Path.Combine(start, layer))],
        DataDirs = [.. options.DataDirs.Select(layer => Path.Combine(start, layer))],
        UpperDir = options.UpperDir is { } upper ? Path.Combine(start, upper) : null,
    };

    /// <summary>The directories above a path, the nearest first.</summary>
    public static IEnumerable<string> Above(string path)
    {
        for (string? above = Path.GetDirectoryName(path); above is not null; above = Path.GetDirectoryName(above))
            yield return above;
    }
}
