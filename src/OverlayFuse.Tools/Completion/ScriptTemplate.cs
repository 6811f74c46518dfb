namespace OverlayFuse.Tools.Completion;

/// <summary>The unchanging part of a script. It has places such as @verbs@ for the words.</summary>
internal static class ScriptTemplate
{
    /// <param name="shell">The name of the resource.</param>
    /// <param name="parts">The name and the text of each place.</param>
    public static string Fill(string shell, params (string Place, string Text)[] parts)
    {
        using Stream resource = typeof(ScriptTemplate).Assembly.GetManifestResourceStream(shell)!;
        using var reader = new StreamReader(resource);
        string script = reader.ReadToEnd();
        foreach ((string place, string text) in parts)
            script = script.Replace($"@{place}@", text, StringComparison.Ordinal);
        return script;
    }

    public static string Lines(IEnumerable<string> lines) => string.Join('\n', lines);
}
