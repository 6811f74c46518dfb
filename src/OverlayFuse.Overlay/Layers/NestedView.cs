using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// Merged views that are mounted inside a layer, of this daemon or another. A daemon that entered its own view would wait for itself, and two that show
/// each other would wait for each other.
/// </summary>
internal static class NestedView
{
    private const string Type = "fuse.overlayfuse";

    /// <summary>Refuses a file of a layer that is the root of a merged view.</summary>
    /// <returns>ELOOP for such a root, and if /proc is missing, so that nobody can tell; another error if the mounts cannot be read.</returns>
    public static Errno Refuse(in Statx stat)
    {
        bool mayBeView = (stat.Attributes & StatxAttributes.MountRoot) != 0 && stat.IsDirectory && stat.DevMajor == 0; // FUSE has no block device
        if (!mayBeView)
            return Errno.None;
        Errno error = TextFile.ReadLines(Proc.PathOf("self/mountinfo"), out string[] lines);
        if (error != Errno.None)
            return error == Errno.ENOENT ? Errno.ELOOP : error; // ENOENT would say that the directory is not there
        string device = string.Create(CultureInfo.InvariantCulture, $"{stat.DevMajor}:{stat.DevMinor}");
        foreach (string line in lines) // a lambda's object would be made for every name that is looked up
        {
            if (IsView(line, device))
                return Errno.ELOOP;
        }
        return Errno.None;
    }

    /// <summary>Whether a line of mountinfo is of a merged view on this device: "ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE SUPEROPTIONS".</summary>
    private static bool IsView(string line, string device)
    {
        string[] fields = line.Split(' '); // a blank in a path is written as \040
        int separator = Array.IndexOf(fields, "-");
        return fields.Length > 2 && fields[2] == device && separator >= 0 && separator + 1 < fields.Length && fields[separator + 1] == Type;
    }
}
