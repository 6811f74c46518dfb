using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// Merged views that are mounted inside a layer, of this daemon or another. A daemon that enters its own view waits for itself. Two daemons
/// that show each other wait for each other.
/// </summary>
internal static class NestedView
{
    private const string Type = "fuse.overlayfuse";

    /// <summary>Refuses a file of a layer that is the root of a merged view.</summary>
    /// <returns>ELOOP for such a root. Also ELOOP if /proc is missing, because the mounts are then unknown.</returns>
    public static Errno Refuse(in Statx stat)
    {
        // FUSE has no block device.
        bool mayBeView = (stat.Attributes & StatxAttributes.MountRoot) != 0 && stat.IsDirectory && stat.DevMajor == 0;
        if (!mayBeView)
            return Errno.None;
        Errno error = TextFile.ReadLines(Proc.PathOf("self/mountinfo"), out string[] lines);
        // ENOENT would say that the directory is not there.
        if (error != Errno.None)
            return error == Errno.ENOENT ? Errno.ELOOP : error;
        string device = string.Create(CultureInfo.InvariantCulture, $"{stat.DevMajor}:{stat.DevMinor}");
        // A lambda would cost an object for every name that is looked up.
        foreach (string line in lines)
        {
            if (IsView(line, device))
                return Errno.ELOOP;
        }
        return Errno.None;
    }

    /// <summary>
    /// True if a line of mountinfo is of a merged view on this device: "ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE
    /// SUPEROPTIONS".
    /// </summary>
    private static bool IsView(string line, string device)
    {
        // A blank in a path is written as \040.
        string[] fields = line.Split(' ');
        int separator = Array.IndexOf(fields, "-");
        return fields.Length > 2 && fields[2] == device && separator >= 0 && separator + 1 < fields.Length && fields[separator + 1] == Type;
    }
}
