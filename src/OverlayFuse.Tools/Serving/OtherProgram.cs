using System.ComponentModel;
using System.Diagnostics;

namespace OverlayFuse.Tools.Serving;

/// <summary>The answer of a program.</summary>
/// <param name="Status">Its exit status; null if it has not ended in time.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Errors">Its standard error.</param>
internal sealed record ProgramAnswer(int? Status, string Output, string Errors);

/// <summary>Runs a program that may never end: it may ask a file system that does not answer.</summary>
internal static class OtherProgram
{
    /// <summary>Runs a program to its end, or gives up. A program that does not end is left behind.</summary>
    /// <returns>Null if it cannot be started.</returns>
    public static ProgramAnswer? Run(TimeSpan patience, string path, params string[] words)
    {
        using var process = new Process();
        process.StartInfo = new ProcessStartInfo(path, words)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            _ = process.Start();
        }
        catch (Win32Exception)
        {
            return null;
        }
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        bool hasEnded = Task.WaitAll([output, errors], patience) && process.WaitForExit(patience);
        if (!hasEnded)
            Abandon(process);
        return new ProgramAnswer(hasEnded ? process.ExitCode : null, Text(output), Text(errors));
    }

    /// <summary>A set-uid program of root takes no signal of ours (EPERM): it is left behind.</summary>
    private static void Abandon(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (Win32Exception)
        {
        }
    }

    private static string Text(Task<string> read) => read.IsCompletedSuccessfully ? read.Result : "";
}
