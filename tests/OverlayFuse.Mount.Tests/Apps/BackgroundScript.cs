using System.Diagnostics;

namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>A shell script that runs beside the test. Dispose kills it and its children.</summary>
internal sealed class BackgroundScript : IDisposable
{
    private readonly Process process;

    private BackgroundScript(Process process) => this.process = process;

    public bool Running => !process.HasExited;

    /// <summary>Outputs go to /dev/null: a script that has something to tell writes a file.</summary>
    public static BackgroundScript Start(string script, string directory)
    {
        var start = new ProcessStartInfo("bash",
            ["-euo", "pipefail", "-c", "exec >/dev/null 2>&1\n" + script])
        { WorkingDirectory = directory };
        return new BackgroundScript(Process.Start(start) ?? throw new InvalidOperationException("bash did not start"));
    }

    /// <summary>Waits for the script's end and returns its exit status.</summary>
    public int Wait(int timeoutSeconds = Bash.DefaultTimeoutSeconds)
    {
        if (!process.WaitForExit(timeoutSeconds * 1000))
            throw new TimeoutException($"background script {process.Id} hung for {timeoutSeconds} s");
        return process.ExitCode;
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        process.Dispose();
    }
}
