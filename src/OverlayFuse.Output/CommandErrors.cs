using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;

namespace OverlayFuse.Output;

/// <summary>Tells which word of a verb is wrong, and what to write in its place.</summary>
internal static class CommandErrors
{
    private const string EndOfOptions = "--";

    /// <summary>A list of mount options may be empty.</summary>
    private const string ListOfOptions = "-o";

    /// <param name="result">What System.CommandLine makes of the words.</param>
    /// <param name="words">The words.</param>
    /// <returns>Null if nothing is wrong.</returns>
    public static UsageException? Of(ParseResult result, string[] words)
    {
        // The help and the version need no other words.
        if (result.Action is { ClearsParseErrors: true })
            return null;
        CommandResult verb = result.CommandResult;
        if (result.UnmatchedTokens is [var unknown, ..] && result.Errors.Count > 0)
            return Unknown(verb.Command, unknown);
        if (Dashed(verb, words) is { } option)
            return Unknown(verb.Command, option);
        if (result.Errors.Count > 0)
            return new UsageException(Place(verb.Command) + Text(verb.Command, result.Errors[0]));
        return (Empty(verb) ?? EmptyAfterEquals(verb.Command, words)) is { } empty ? new UsageException(Place(verb.Command) + empty) : null;
    }

    /// <summary>An unset variable in quotes. As a path, it would be the working directory.</summary>
    private static string? Empty(CommandResult verb)
    {
        foreach (SymbolResult word in verb.Children.Where(word => word.Tokens.Any(token => token.Value.Length == 0)))
        {
            if (word is ArgumentResult { Argument: var argument })
                return $"{argument.Name} is an empty word; write {Form(verb.Command)}";
            if (word is OptionResult { Option: { Name: not ListOfOptions } option })
                return EmptyValue(option);
        }
        return null;
    }

    /// <summary>The parser takes "--diff=" for "--diff".</summary>
    private static string? EmptyAfterEquals(Command verb, string[] words) =>
        verb.Options.FirstOrDefault(option => Before(words).Contains(option.Name + "=")) is { } option ? EmptyValue(option) : null;

    private static string EmptyValue(Option option) => $"{option.Name}: the value is an empty word; write {option.Name} {option.HelpName}";

    /// <summary>The words before "--".</summary>
    private static string[] Before(string[] words)
    {
        int end = Array.IndexOf(words, EndOfOptions);
        return end < 0 ? words : words[..end];
    }

    /// <summary>The choice of an argument stands in place of its name.</summary>
    private static string Form(Command verb) => $"overlayfuse {verb.Name} " + string.Join(' ', verb.Arguments.Select(argument =>
        ChoiceOf(argument) is { Length: > 0 } choice ? string.Join('|', choice) : argument.Name));

    private static UsageException Unknown(Command verb, string word)
    {
        IEnumerable<string> known = word.StartsWith('-')
            ? verb.Options.SelectMany(option => option.Aliases.Prepend(option.Name)).Where(name => name.Length > 2)
            : verb.Subcommands.Select(command => command.Name);
        string kind = verb is RootCommand && !word.StartsWith('-') ? "no such verb" : "unknown";
        return new($"{Place(verb)}{word}: {kind}{Nearest.Hint(word, known)}; {See(verb)}");
    }

    /// <summary>An argument that begins with a dash is a misspelt option, unless it comes after "--".</summary>
    private static string? Dashed(CommandResult verb, string[] words)
    {
        string[] before = Before(words);
        return verb.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value)
            .FirstOrDefault(value => value is ['-', _, ..] && before.Contains(value));
    }

    private static string Text(Command verb, ParseError error)
    {
        switch (error.SymbolResult)
        {
            case ArgumentResult { Parent: OptionResult option, Tokens: [] }:
                return Missing(option.Option);
            case OptionResult { Tokens: [] } option:
                return Missing(option.Option);
            case OptionResult { Option: var option, Tokens: [{ Value: var value }, ..] }:
                return $"{option.Name}: {value}: cannot be read; write {option.Name} {option.HelpName}";
            case ArgumentResult { Parent: CommandResult, Tokens: [] } missing:
                return $"{missing.Argument.Name} is missing; write {Form(verb)}";
            case ArgumentResult { Tokens: [{ Value: var value }, ..] } wrong when ChoiceOf(wrong.Argument) is { Length: > 0 }:
                return $"'{value}' is no {wrong.Argument.Name}{Nearest.Hint(value, ChoiceOf(wrong.Argument))}; write {Form(verb)}";
            default:
                return $"{error.Message.TrimEnd('.')}; {See(verb)}";
        }
    }

    private static string[] ChoiceOf(Argument argument) =>
        [.. argument.GetCompletions(CompletionContext.Empty).Select(completion => completion.Label)];

    private static string Missing(Option option) => $"{option.Name}: a value is missing; write {option.Name} {option.HelpName}";

    private static string Place(Command verb) => verb is RootCommand ? "" : verb.Name + ": ";

    private static string See(Command verb) => $"see overlayfuse {(verb is RootCommand ? "" : verb.Name + " ")}--help";
}
