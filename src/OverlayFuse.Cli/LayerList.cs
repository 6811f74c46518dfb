using System.Text;

namespace OverlayFuse.Cli;

/// <summary>Reads the lists of lower layers. Escapes in lowerdir= are the kernel's: \: \, and \\ (any other character after a backslash is itself).</summary>
internal static class LayerList
{
    /// <summary>TOP:...:BOTTOM.</summary>
    /// <exception cref="UsageException">A layer's name is empty.</exception>
    public static List<string> Split(string lowerdir)
    {
        var layers = new List<string>();
        var layer = new StringBuilder();
        for (int i = 0; i < lowerdir.Length; i++)
        {
            if (lowerdir[i] == ':')
                Finish(lowerdir, layers, layer);
            else
                layer.Append(lowerdir[i] == '\\' && i + 1 < lowerdir.Length ? lowerdir[++i] : lowerdir[i]);
        }
        Finish(lowerdir, layers, layer);
        return layers;
    }

    /// <summary>A single path with the same escapes: upperdir=, workdir=.</summary>
    public static string Unescape(string path)
    {
        var plain = new StringBuilder(path.Length);
        for (int i = 0; i < path.Length; i++)
            plain.Append(path[i] == '\\' && i + 1 < path.Length ? path[++i] : path[i]);
        return plain.ToString();
    }

    /// <summary>A file with one path a line, topmost first, nothing escaped; empty lines are skipped.</summary>
    /// <exception cref="UsageException">The file cannot be read, or names no layer.</exception>
    public static List<string> Read(string file)
    {
        try
        {
            List<string> layers = [.. File.ReadLines(file).Where(line => line.Length > 0)];
            return layers.Count > 0 ? layers : throw new UsageException(
                $"layers_file={file}: the file names no layer; write one directory a line, topmost first");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"layers_file={file}: {e.Message} Give a readable file with one directory a line");
        }
    }

    private static void Finish(string lowerdir, List<string> layers, StringBuilder layer)
    {
        if (layer.Length == 0)
            throw new UsageException(
                $"lowerdir={lowerdir}: layer {layers.Count + 1} is empty; put one colon between two directories and none at the ends " +
                "(a colon within a name is written \\:, data-only layers after :: are not there yet)");
        layers.Add(layer.ToString());
        layer.Clear();
    }
}
