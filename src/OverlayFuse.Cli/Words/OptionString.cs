namespace OverlayFuse.Cli.Words;

/// <summary>One mount option as it was written. The value is null if there was no '='.</summary>
internal readonly record struct RawOption(string Name, string? Value)
{
    public override string ToString() => Value is null ? Name : $"{Name}={Value}";
}

/// <summary>
/// Splits NAME[=VALUE],NAME[=VALUE]... A comma after a backslash belongs to the value, and so does one within the quotes of an SELinux
/// context. Backslashes stay for the option itself to read. Empty options are skipped: container clients write them.
/// </summary>
internal static class OptionString
{
    private static readonly string[] QuotedNames = ["context", "fscontext", "defcontext", "rootcontext"];

    public static IEnumerable<RawOption> Split(string options)
    {
        int start = 0;
        while (start < options.Length)
        {
            int end = EndOfOption(options, start);
            if (end > start)
                yield return ToOption(options[start..end]);
            start = end + 1;
        }
    }

    private static int EndOfOption(string options, int start)
    {
        int at = start;
        while (at < options.Length && options[at] != ',')
        {
            if (options[at] == '=' && OpensQuote(options, start, at))
                at = ClosingQuote(options, start, at + 1);
            else if (options[at] == '\\')
                at++;
            at++;
        }
        return Math.Min(at, options.Length);
    }

    private static bool OpensQuote(string options, int start, int equals) =>
        equals + 1 < options.Length && options[equals + 1] == '"' && QuotedNames.Contains(options[start..equals]);

    private static int ClosingQuote(string options, int start, int opening)
    {
        int closing = options.IndexOf('"', opening + 1);
        return closing >= 0 ? closing : throw new UsageException(
            $"option {options[start..]}: the closing quote is missing; write {options[start..opening]}\"...\"");
    }

    private static RawOption ToOption(string text)
    {
        int equals = text.IndexOf('=');
        return equals < 0 ? new RawOption(text, null) : new RawOption(text[..equals], Unquote(text[..equals], text[(equals + 1)..]));
    }

    private static string Unquote(string name, string value) =>
        value.Length >= 2 && value[0] == '"' && value[^1] == '"' && QuotedNames.Contains(name) ? value[1..^1] : value;
}
