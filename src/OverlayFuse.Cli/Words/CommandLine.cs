using OverlayFuse.Cli.Native;

namespace OverlayFuse.Cli.Words;

/// <summary>
/// The words of the command line, sorted. native/command_line.c decides by the same words and letters (native/shared.def) if the program
/// goes to the background.
/// </summary>
internal sealed class CommandLine
{
    private static readonly string[] s_long = [LongWords.Help, LongWords.Version, LongWords.Foreground, LongWords.Debug];

    /// <summary>The values of -o, in their order.</summary>
    public List<string> OptionStrings { get; } = [];

    /// <summary>[SOURCE] MOUNTPOINT.</summary>
    public List<string> Positionals { get; } = [];

    public bool Foreground { get; private set; }

    public bool Debug { get; private set; }

    public bool SingleThread { get; private set; }

    public bool Help { get; private set; }

    public bool Version { get; private set; }

    /// <exception cref="UsageException">An unknown word, or a value that is missing.</exception>
    public static CommandLine Parse(IReadOnlyList<string> args)
    {
        var line = new CommandLine();
        for (int i = 0; i < args.Count; i++)
        {
            string word = args[i];
            if (word == "--")
            {
                line.Positionals.AddRange(args.Skip(i + 1));
                break;
            }
            if (word.StartsWith("--", StringComparison.Ordinal))
                line.TakeLong(word);
            else if (word.Length > 1 && word[0] == '-')
                line.TakeShort(word, args, ref i);
            else
                line.Positionals.Add(word);
        }
        return line;
    }

    private void TakeLong(string word)
    {
        switch (word)
        {
            case LongWords.Help: Help = true; break;
            case LongWords.Version: Version = true; break;
            case LongWords.Foreground: Foreground = true; break;
            case LongWords.Debug: Debug = true; break;
            default: throw Unknown(word);
        }
    }

    /// <summary>Letters may stand together (-fd). The value of -o and -t is the rest of the word, or the next word.</summary>
    private void TakeShort(string word, IReadOnlyList<string> args, ref int i)
    {
        for (int at = 1; at < word.Length; at++)
        {
            if (Letters.WithValue.Contains(word[at], StringComparison.Ordinal))
            {
                string value = at + 1 < word.Length ? word[(at + 1)..] : NextWord(word, args, ref i);
                if (word[at] == 'o')
                    OptionStrings.Add(value);
                return;
            }
            TakeLetter(word, word[at]);
        }
    }

    private void TakeLetter(string word, char letter)
    {
        switch (letter)
        {
            case 'f': Foreground = true; break;
            case 'd': Debug = true; break;
            case 's': SingleThread = true; break;
            case 'h' or '?': Help = true; break;
            case 'V': Version = true; break;
            // mount(8) passes these to its helpers: no mtab, verbose.
            case 'n' or 'v': break;
            default: throw Unknown(word);
        }
    }

    private static string NextWord(string word, IReadOnlyList<string> args, ref int i) =>
        ++i < args.Count ? args[i] : throw new UsageException($"{word}: a value is missing after it; see overlayfuse --help");

    private static UsageException Unknown(string word) =>
        new($"{word}: unknown option{Nearest.Hint(word, s_long)}; see overlayfuse --help (mount options go after -o)");
}
