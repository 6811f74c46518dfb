using System.Runtime.InteropServices;
using OverlayFuse.Linux;
using OverlayFuse.Tools.Serving;

namespace OverlayFuse.Tools.BugReport;

/// <summary>The sections about the machine: versions, and what doctor finds.</summary>
internal static class SystemSections
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    public static IEnumerable<string> Versions() =>
    [
        $"program: {FirstLine(ServingProgram.Run("--version"))}",
        $"tools: {CommandWords.Version(typeof(SystemSections).Assembly)}",
        $"architecture: {RuntimeInformation.ProcessArchitecture}",
        $"kernel: {FirstLine("/proc/sys/kernel/osrelease")}",
        $"distribution: {Distribution()}",
        $"fusermount3: {FirstLine(OtherProgram.Run(s_patience, "fusermount3", "--version"))}",
        $"user: {(Sys.EffectiveUid == 0 ? "root" : "ordinary")}",
    ];

    /// <summary>A line for each subject: the answer, and the reason for it.</summary>
    public static IEnumerable<string> Doctor()
    {
        ProgramAnswer answer = ServingProgram.Run("doctor", "--json");
        // Exit status 1: a mount would not work here.
        return answer is { Status: 0 or 1, Output.Length: > 0 }
            ? ServingProgram.Read(ServingJson.Default.ServedFindingArray, answer, "doctor")
                .Select(finding => $"{finding.Key}: {finding.Status}{(finding.Detail is { Length: > 0 } why ? $" ({why})" : "")}")
            : [answer.Status is { } status ? $"failed with status {status}: {answer.Errors.Trim()}" : "has not ended in time"];
    }

    private static string Distribution()
    {
        const string name = "PRETTY_NAME=";
        string? line = File.Exists("/etc/os-release")
            ? File.ReadLines("/etc/os-release").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) : null;
        return line?[name.Length..].Trim('"') ?? "unknown";
    }

    private static string FirstLine(string file) => File.Exists(file) ? File.ReadLines(file).FirstOrDefault("unknown") : "unknown";

    private static string FirstLine(ProgramAnswer? answer) => answer switch
    {
        null => "not there",
        { Status: null } => "has not ended in time",
        _ => (answer.Output + answer.Errors).Split('\n')[0],
    };
}
