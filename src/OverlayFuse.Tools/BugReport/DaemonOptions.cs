using System.Globalization;
using OverlayFuse.Tools.Serving;

namespace OverlayFuse.Tools.BugReport;

/// <summary>The mount options that a daemon was started with, without values that name something.</summary>
internal static class DaemonOptions
{
    private const string EndOfOptions = "--";

    /// <summary>Values of these forms are names that the user has chosen.</summary>
    private static readonly string[] s_names = ["DIR", "FILE", "NAME", "LABEL", "LIST", "TEXT", "TOP"];

    /// <param name="process">The daemon; null if it is not known.</param>
    public static string Of(int? process)
    {
        string file = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/cmdline");
        if (process is null || !File.Exists(file))
            return "unknown";
        Dictionary<string, MountOption> known = ServingProgram.Ask(ServingJson.Default.MountOptionArray, "options", "--json")
            .ToDictionary(option => option.Name);
        string[] words = [.. File.ReadAllText(file).Split('\0').TakeWhile(word => word != EndOfOptions)];
        return string.Join(',', OptionStrings(words).SelectMany(Split).Select(option => Hidden(option, known)));
    }

    /// <summary>The values of -o: the rest of the word, or the next word.</summary>
    private static IEnumerable<string> OptionStrings(string[] words)
    {
        for (int i = 1; i < words.Length; i++)
        {
            if (words[i] == "-o" && i + 1 < words.Length)
                yield return words[++i];
            else if (words[i].StartsWith("-o", StringComparison.Ordinal))
                yield return words[i][2..];
        }
    }

    /// <summary>A comma behind a backslash belongs to a value, and the values with such commas are hidden.</summary>
    private static IEnumerable<string> Split(string options) =>
        options.Replace(@"\\", "", StringComparison.Ordinal).Replace(@"\,", "", StringComparison.Ordinal)
            .Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static string Hidden(string option, Dictionary<string, MountOption> known)
    {
        string name = option.Split('=')[0];
        if (!known.TryGetValue(name, out MountOption? row))
            return "(another option)";
        bool names = s_names.Any(form => row.Value.Contains(form, StringComparison.Ordinal));
        return names ? $"{name}=..." : option;
    }
}
