using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>What a finished program left: exit status and both outputs.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error);

/// <summary>Runs other programs (mkfs, mount, cp, the program under test) and waits for them.</summary>
internal static class Tool
{
    private const int GraceMilliseconds = 200;

    public static ToolResult Try(string program, IEnumerable<string> arguments, string? directory = null, int timeoutSeconds = 60)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (directory is not null) start.WorkingDirectory = directory;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        StringBuilder output = new(), error = new();
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(error, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        // A daemon may hold its starter's pipes open: the exit is awaited, the end of the output only for a moment.
        if (!process.WaitForExit(timeoutSeconds * 1000))
        {
            process.Kill();
            throw new TimeoutException($"{program} {string.Join(' ', arguments)}: not ended after {timeoutSeconds} s\n{error}");
        }
        DrainOutput(process);
        lock (output) lock (error) return new ToolResult(process.ExitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs <paramref name="program"/> and throws unless it exits 0; returns its standard output.</summary>
    public static string Run(string program, params string[] arguments)
    {
        ToolResult result = Try(program, arguments);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: "
                + $"exit {result.ExitCode}\n{result.Output}{result.Error}");
        return result.Output;
    }

    public static bool Exists(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(directory => File.Exists(Path.Combine(directory, program)));

    /// <summary>Throws when a libc call answered -1.</summary>
    public static long Check(long result, string what)
    {
        if (result != -1) return result;
        int errno = Marshal.GetLastPInvokeError();
        throw new Win32Exception(errno, $"{what}: {Marshal.GetPInvokeErrorMessage(errno)}");
    }

    private static void DrainOutput(Process process)
    {
        using var grace = new CancellationTokenSource(GraceMilliseconds);
        try
        {
            process.WaitForExitAsync(grace.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            // The daemon kept the pipe; what has arrived is all there is.
        }
    }

    private static void Append(StringBuilder text, string? line)
    {
        if (line is null) return;
        lock (text) text.AppendLine(line);
    }
}
