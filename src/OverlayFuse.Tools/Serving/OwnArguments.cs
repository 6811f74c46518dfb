using OverlayFuse.Linux;

namespace OverlayFuse.Tools.Serving;

/// <summary>The words of the command line with their bytes. The runtime replaces those that are not UTF-8.</summary>
internal static class OwnArguments
{
    private const char Replacement = '\uFFFD';

    /// <summary>The words.</summary>
    /// <param name="decoded">As the runtime has decoded them.</param>
    public static string[] Of(string[] decoded)
    {
        if (!decoded.Any(word => word.Contains(Replacement, StringComparison.Ordinal))
            || TextFile.Read("/proc/self/cmdline", out string line) != Errno.None)
            return decoded;
        string[] words = line.Split('\0');
        // The last one is empty.
        return words.Length > decoded.Length + 1 ? words[^(decoded.Length + 1)..^1] : decoded;
    }
}
