using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Mounts;

/// <summary>
/// Reads /proc without following its links. .NET's listings look at what each link leads to, and that may be a file of a mount that never
/// answers.
/// </summary>
internal static class ProcFile
{
    private const int ListingSize = 32 << 10;

    /// <summary>The names in a directory.</summary>
    public static Errno List(string path, out List<string> names)
    {
        names = [];
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened);
        if (error != Errno.None)
            return error;
        using var directory = new ScopedFd(opened);
        byte[] buffer = new byte[ListingSize];
        int length;
        do
        {
            if ((error = Sys.GetDents(directory, buffer, out length)) != Errno.None)
                return error;
            var records = new DirectoryRecords(buffer.AsSpan(0, length));
            while (records.MoveNext())
                names.Add(records.Name.ToString());
        }
        while (length > 0);
        return Errno.None;
    }

    /// <summary>The target of a link. Null if the process has ended or is not ours to look at.</summary>
    public static string? ReadLink(string path) => TextFile.ReadLink(path, out string target) == Errno.None ? target : null;

    /// <summary>The lines of a file. Empty if the process has ended or is not ours to look at.</summary>
    public static string[] Lines(string path)
    {
        _ = TextFile.ReadLines(path, out string[] lines);
        return lines;
    }
}
