using System.Globalization;

namespace OverlayFuse.Linux;

/// <summary>
/// Reads small text files and links, such as those of /proc and lists of layers. Names and content are any bytes
/// (<see cref="NativeText"/>).
/// </summary>
public static class TextFile
{
    private const int MostOfAPath = 4096;

    /// <summary>A whole file.</summary>
    /// <param name="path">The path; links are followed.</param>
    /// <param name="text">Its content, empty on failure.</param>
    public static Errno Read(string path, out string text)
    {
        text = "";
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.ReadOnly, out Fd opened);
        if (error != Errno.None)
            return error;
        using var file = new ScopedFd(opened);
        error = ReadToEnd(file, out List<byte> content);
        text = NativeText.From(content.ToArray());
        return error;
    }

    /// <summary>The lines of a file without the empty ones.</summary>
    /// <param name="path">The path; links are followed.</param>
    /// <param name="lines">The lines, none on failure.</param>
    public static Errno ReadLines(string path, out string[] lines)
    {
        Errno error = Read(path, out string text);
        lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return error;
    }

    /// <summary>The content of an open pipe, socket or file up to its end.</summary>
    /// <param name="file">Open for reading.</param>
    /// <param name="content">The bytes up to the end or the first error.</param>
    public static Errno ReadToEnd(Fd file, out List<byte> content)
    {
        content = [];
        Span<byte> buffer = stackalloc byte[MostOfAPath];
        while (true)
        {
            Errno error = Sys.ReadDevice(file, buffer, out int count);
            if (error == Errno.EINTR)
                continue;
            if (error != Errno.None || count == 0)
                return error;
            content.AddRange(buffer[..count]);
        }
    }

    /// <summary>The target of a symbolic link.</summary>
    /// <param name="path">The link.</param>
    /// <param name="target">Empty on failure.</param>
    public static Errno ReadLink(string path, out string target)
    {
        Span<byte> buffer = stackalloc byte[MostOfAPath];
        Errno error = Sys.ReadLinkAt(Fd.WorkingDirectory, Name.From(path), buffer, out int length);
        target = error == Errno.None ? NativeText.From(buffer[..length]) : "";
        return error;
    }

    /// <summary>The path of an open file in the namespace of this process, without symbolic links.</summary>
    /// <param name="fd">Any descriptor.</param>
    /// <param name="path">Empty on failure.</param>
    /// <returns>ENOENT without /proc.</returns>
    public static Errno PathOf(Fd fd, out string path) =>
        ReadLink(Proc.PathOf(string.Create(CultureInfo.InvariantCulture, $"self/fd/{fd.Number}")), out path);
}
