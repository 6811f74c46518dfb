using System.Globalization;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>Runs shell scripts to their end. A script that hangs is killed with everything it started.</summary>
internal static class Bash
{
    /// <summary>A guard against hangs, not a measure: far beyond what any script here needs.</summary>
    public const int DefaultTimeoutSeconds = 300;

    private const int KilledByTimeout = 124;

    public static ToolResult Try(string script, string? directory = null, int timeoutSeconds = DefaultTimeoutSeconds)
    {
        string limit = timeoutSeconds.ToString(CultureInfo.InvariantCulture);
        return Tool.Try("timeout", ["-k", "5", limit, "bash", "-euo", "pipefail", "-c", script], directory, timeoutSeconds + 30);
    }

    /// <summary>Runs the script and fails the test, with both outputs, unless it exits 0. Returns its standard output.</summary>
    public static string Run(string script, string? directory = null, int timeoutSeconds = DefaultTimeoutSeconds)
    {
        ToolResult result = Try(script, directory, timeoutSeconds);
        if (result.ExitCode == 0) return result.Output;
        string end = result.ExitCode == KilledByTimeout ? $"hung for {timeoutSeconds} s" : $"exit {result.ExitCode}";
        throw new InvalidOperationException($"{end}: {script}\n{Tail(result.Output)}\n{Tail(result.Error)}");
    }

    /// <summary>The path of a script beside the tests.</summary>
    public static string ScriptBesideTests(string name) =>
        Path.Combine(ProgramUnderTest.Repository, "tests", "OverlayFuse.Mount.Tests", "Apps", name);

    private static string Tail(string text) => text.Length <= 4000 ? text : "..." + text[^4000..];
}
