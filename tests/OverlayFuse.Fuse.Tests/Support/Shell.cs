using System.Diagnostics;

namespace OverlayFuse.Fuse.Tests.Support;

/// <summary>The client of the mounts: another process, so that no system call on our own mount can stop this one's runtime.</summary>
internal static class Shell
{
    internal static (int ExitCode, string Output) Run(string script, string directory)
    {
        using Process process = Start(script, directory);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromSeconds(60)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"the client hangs: {script}");
        }
        return (process.ExitCode, (output.Result + errors.Result).TrimEnd('\n'));
    }

    internal static Process Start(string script, string directory)
    {
        var start = new ProcessStartInfo("/bin/bash", ["-c", $"cd '{directory}' && {script}"])
        {
            WorkingDirectory = "/",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }
}
