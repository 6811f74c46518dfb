using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OverlayFuse.Tools.Serving;

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
        ProgramAnswer answer = Run(words);
        if (answer.Status != 0)
            throw new IOException(
                $"{Path} {string.Join(' ', words)}: {(answer.Errors.Length > 0 ? answer.Errors.Trim() : "has not ended")}; "
                + "install overlayfuse and overlayfuse-tools of one version");
        return Read(form, answer, words);
    }

    /// <summary>Reads an answer.</summary>
    /// <exception cref="IOException">The program is of another version.</exception>
    public static T Read<T>(JsonTypeInfo<T> form, ProgramAnswer answer, params string[] words)
    {
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

    /// <summary>Runs the program to its end, or gives up.</summary>
    /// <exception cref="IOException">It cannot be started.</exception>
    public static ProgramAnswer Run(params string[] words) => OtherProgram.Run(s_patience, Path, words)
        ?? throw new IOException($"{Path}: cannot be started; install overlayfuse beside overlayfuse-tools");

    private static string Find()
    {
        if (Environment.GetCommandLineArgs()[0] is ['/', ..] caller && caller.EndsWith("/" + Name, StringComparison.Ordinal))
            return caller;
        string beside = AppContext.BaseDirectory;
        string[] places = [System.IO.Path.Combine(beside, Name), System.IO.Path.Combine(beside, "../../bin", Name)];
        return places.FirstOrDefault(File.Exists) ?? Name;
    }
}
