using System.Diagnostics;

namespace OverlayFuse.BenchPeers;

/// <summary>What became of a process. <see cref="Status"/> is null when it hung and was killed.</summary>
internal sealed record Finished(int? Status, string Output, string Error)
{
    public const string Hung = "hung";

    private const int LinesOfFailure = 4;

    public bool Succeeded => Status == 0;

    /// <summary>Why it failed: the end of what it said.</summary>
    public string Failure => Status is null ? Hung
        : Error.Trim() is { Length: > 0 } text ? string.Join("; ", text.Split('\n').TakeLast(LinesOfFailure)) : $"exit status {Status}";
}

/// <summary>Runs one process to its end, or kills it by its id when it takes too long.</summary>
internal static class Command
{
    /// <summary>A daemon may keep the pipes that the process had; the output of the process itself is there by then.</summary>
    private static readonly TimeSpan RestOfOutput = TimeSpan.FromMilliseconds(100);

    public static Finished Run(IEnumerable<string> words, TimeSpan patience)
    {
        using Process process = Start(words);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Close();
        bool ended = process.WaitForExit((int)patience.TotalMilliseconds);
        if (!ended)
            process.Kill(entireProcessTree: true);
        Task.WaitAll([output, error], RestOfOutput);
        return new Finished(ended ? process.ExitCode : null, Text(output), Text(error));
    }

    /// <summary>With all three standard streams redirected.</summary>
    public static Process Start(IEnumerable<string> words)
    {
        string[] all = [.. words];
        ProcessStartInfo info = new(all[0], all[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(info)!;
    }

    private static string Text(Task<string> reading) => reading.IsCompletedSuccessfully ? reading.Result : "";
}
