using System.Globalization;
using OverlayFuse.Tools.Serving;

namespace OverlayFuse.Tools.BugReport;

/// <summary>The mount options that a daemon was started with, without values that name something.</summary>
internal static class DaemonOptions
{
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
        return string.Join(',', DaemonWords.Options(File.ReadAllText(file).Split('\0')).Select(option => Hidden(option, known)));
    }

    private static string Hidden(string option, Dictionary<string, MountOption> known)
    {
        string name = option.Split('=')[0];
        if (!known.TryGetValue(name, out MountOption? row))
            return "(another option)";
        bool names = s_names.Any(form => row.Value.Contains(form, StringComparison.Ordinal));
        return names ? $"{name}=..." : option;
    }
}
