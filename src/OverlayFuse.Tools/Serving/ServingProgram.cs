using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OverlayFuse.Tools.Serving;

/// <summary>What the serving program has answered.</summary>
/// <param name="Status">Its exit status; null if it has not ended in time.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Errors">Its standard error.</param>
internal sealed record ServingAnswer(int? Status, string Output, string Errors);

/// <summary>Runs <c>overlayfuse VERB --json</c>, which deals with mounts that never answer.</summary>
internal static class ServingProgram
{
    private const string Name = "overlayfuse";

    /// <summary>Every question ends sooner by itself.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>native/tools.c names the program that has executed this one. If a user has, it is beside this one, or in PATH.</summary>
    private static string Path { get; } = Find();

    /// <summary>Asks, and reads the answer.</summary>
    /// <exception cref="IOException">The program is missing, or has failed, or is of another version.</exception>
    public static T Ask<T>(JsonTypeInfo<T> form, params string[] words)
    {
        ServingAnswer answer = Run(words);
        if (answer.Status != 0)
            throw new IOException($"{Path} {string.Join(' ', words)}: {(answer.Errors.Length > 0 ? answer.Errors.Trim() : "has not ended")}; "
                + "install overlayfuse and overlayfuse-tools of one version");
        try
        {
            return JsonSerializer.Deserialize(answer.Output, form) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new IOException($"{Path} {string.Join(' ', words)}: another answer than expected ({e.Message}); "
                + "install overlayfuse and overlayfuse-tools of one version", e);
        }
    }

    /// <summary>Runs the program to its end, or gives up. A program that does not end is left behind.</summary>
    /// <exception cref="IOException">It cannot be started.</exception>
    public static ServingAnswer Run(params string[] words)
    {
        using var process = new Process();
        process.StartInfo = new ProcessStartInfo(Path, words)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Start(process);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        bool hasEnded = Task.WaitAll([output, errors], s_patience) && process.WaitForExit(s_patience);
        if (!hasEnded)
            process.Kill();
        return new ServingAnswer(hasEnded ? process.ExitCode : null, Text(output), Text(errors));
    }

    private static string Text(Task<string> read) => read.IsCompletedSuccessfully ? read.Result : "";

    private static void Start(Process process)
    {
        try
        {
            _ = process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new IOException($"{Path}: cannot be started ({e.Message}); install overlayfuse beside overlayfuse-tools", e);
        }
    }

    private static string Find()
    {
        if (Environment.GetCommandLineArgs()[0] is ['/', ..] caller && caller.EndsWith("/" + Name, StringComparison.Ordinal))
            return caller;
        string beside = AppContext.BaseDirectory;
        string[] places = [System.IO.Path.Combine(beside, Name), System.IO.Path.Combine(beside, "../../bin", Name)];
        return places.FirstOrDefault(File.Exists) ?? Name;
    }
}
