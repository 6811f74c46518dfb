using System.Text;
using OverlayFuse.Linux;

namespace OverlayFuse.Output;

/// <summary>
/// Reads the lists of lower layers. Escapes in lowerdir= are the kernel's: \: \, and \\. Any other character after a backslash is itself.
/// </summary>
internal static class LayerList
{
    /// <summary>Reads TOP:...:BOTTOM, then data-only layers, each after a double colon.</summary>
    /// <param name="lowerdir">The value.</param>
    /// <param name="data">The data-only layers, topmost first.</param>
    /// <exception cref="UsageException">A layer's name is empty, or a layer with names follows a data-only one.</exception>
    public static List<string> Split(string lowerdir, out List<string> data)
    {
        var layers = new List<string>();
        data = [];
        var layer = new StringBuilder();
        bool isData = false;
        for (int i = 0; i < lowerdir.Length; i++)
        {
            if (lowerdir[i] != ':')
            {
                _ = layer.Append(lowerdir[i] == '\\' && i + 1 < lowerdir.Length ? lowerdir[++i] : lowerdir[i]);
                continue;
            }
            Finish(lowerdir, isData ? data : layers, layer, layers.Count + data.Count + 1);
            bool isDouble = i + 1 < lowerdir.Length && lowerdir[i + 1] == ':';
            if (isData && !isDouble)
                throw new UsageException(
                    $"lowerdir={lowerdir}: a single colon after '{data[^1]}'; data-only layers are the last, each behind ::");
            isData |= isDouble;
            i += isDouble ? 1 : 0;
        }
        Finish(lowerdir, isData ? data : layers, layer, layers.Count + data.Count + 1);
        return layers;
    }

    /// <summary>Reads one path with the same escapes: upperdir=, workdir=.</summary>
    public static string Unescape(string path)
    {
        var plain = new StringBuilder(path.Length);
        for (int i = 0; i < path.Length; i++)
            _ = plain.Append(path[i] == '\\' && i + 1 < path.Length ? path[++i] : path[i]);
        return plain.ToString();
    }

    /// <summary>Reads a file with one path a line, topmost first. Nothing is escaped, and empty lines are skipped.</summary>
    /// <exception cref="UsageException">The file cannot be read, or names no layer.</exception>
    public static List<string> Read(string file)
    {
        Errno error = TextFile.ReadLines(file, out string[] lines);
        if (error != Errno.None)
            throw new UsageException($"layers_file={file}: cannot be read ({error}); give a readable file with one directory a line");
        List<string> layers = [.. lines.Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0)];
        return layers.Count > 0 ? layers : throw new UsageException(
            $"layers_file={file}: the file names no layer; write one directory a line, topmost first");
    }

    private static void Finish(string lowerdir, List<string> layers, StringBuilder layer, int number)
    {
        if (layer.Length == 0)
            throw new UsageException(
                $"lowerdir={lowerdir}: layer {number} is empty; put one colon between two directories, two before a data-only one, " +
                "and none at the ends (a colon within a name is written \\:)");
        layers.Add(layer.ToString());
        _ = layer.Clear();
    }
}
