using System.CommandLine;
using System.CommandLine.Completions;
using System.Text.Json;

namespace OverlayFuse.Output;

/// <summary>One verb as programs see it that complete its words.</summary>
/// <param name="Name">The verb; empty for the form without a verb, which mounts.</param>
/// <param name="Description">One line.</param>
/// <param name="Options">Its options.</param>
/// <param name="Arguments">Its other words.</param>
internal sealed record CommandModel(
    string Name, string Description, IReadOnlyList<WordModel> Options, IReadOnlyList<WordModel> Arguments) : IJsonObject
{
    /// <summary>A program, and each of its verbs.</summary>
    public static IEnumerable<CommandModel> Of(RootCommand root) => root.Subcommands.Prepend<Command>(root).Select(Of);

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteString("name", Name);
        json.WriteString("description", Description);
        Write(json, "options", Options);
        Write(json, "arguments", Arguments);
    }

    private static CommandModel Of(Command command) => new(
        command is RootCommand ? "" : command.Name,
        FirstLine(command.Description),
        [.. command.Options.Select(option => new WordModel(
            [option.Name, .. option.Aliases], ValueOf(option), FirstLine(option.Description)))],
        [.. command.Arguments.Select(argument => new WordModel([], Choice(argument) ?? argument.Name, FirstLine(argument.Description)))]);

    /// <summary>Empty for an option without a value.</summary>
    private static string ValueOf(Option option) => option.HelpName is { } name ? Choice(option) ?? name : "";

    /// <summary>"bash|zsh|fish"; null if anything may stand there.</summary>
    private static string? Choice(Symbol symbol)
    {
        string[] values = [.. symbol.GetCompletions(CompletionContext.Empty).Select(completion => completion.Label)];
        return values.Length > 0 ? string.Join('|', values) : null;
    }

    private static string FirstLine(string? text) => text?.Split('\n')[0] ?? "";

    private static void Write(Utf8JsonWriter json, string key, IReadOnlyList<WordModel> words)
    {
        json.WriteStartArray(key);
        foreach (WordModel word in words)
        {
            json.WriteStartObject();
            json.WriteStartArray("names");
            foreach (string name in word.Names)
                json.WriteStringValue(name);
            json.WriteEndArray();
            json.WriteString("value", word.Value);
            json.WriteString("description", word.Description);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}

/// <summary>An option, or another word, of a verb.</summary>
/// <param name="Names">All spellings of an option. None: it is another word.</param>
/// <param name="Value">What stands there ("DIR"), or the words of which one stands there ("bash|zsh|fish"). Empty: nothing.</param>
/// <param name="Description">One line.</param>
internal sealed record WordModel(IReadOnlyList<string> Names, string Value, string Description);
