using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;

namespace OverlayFuse.Output;

/// <summary>How both programs run what System.CommandLine has understood.</summary>
internal static class CommandWords
{
    /// <summary>A word that begins with @ is a word, and no file with more of them.</summary>
    private static readonly ParserConfiguration s_grammar = new() { ResponseFileTokenReplacer = null };

    /// <summary>Runs the verb that the words name, or shows help or version.</summary>
    /// <param name="root">The program.</param>
    /// <param name="words">The words after the program's name. None: the help.</param>
    /// <param name="output">Gets the help.</param>
    /// <exception cref="UsageException">The words are not understood.</exception>
    public static int Invoke(RootCommand root, string[] words, TextWriter output)
    {
        // The help would ask Console.WindowWidth.
        if (root.Options.OfType<HelpOption>().Single().Action is HelpAction help)
            help.MaxWidth = TextTable.OutputWidth;
        ParseResult result = root.Parse(words.Length == 0 ? ["--help"] : words, s_grammar);
        if (CommandErrors.Of(result, words) is { } error)
            throw error;
        // Failure reports exceptions.
        return result.Invoke(new InvocationConfiguration { Output = output, EnableDefaultExceptionHandler = false });
    }

    /// <summary>Gives a program the option -V, --version.</summary>
    public static void AddVersion(RootCommand root)
    {
        VersionOption version = root.Options.OfType<VersionOption>().Single();
        version.Aliases.Add("-V");
        version.Action = new ShowVersion();
    }

    /// <summary>"overlayfuse 0.2.0".</summary>
    public static string Version(Assembly program)
    {
        var version = program.GetCustomAttribute<AssemblyInformationalVersionAttribute>();
        return $"{program.GetName().Name} {version?.InformationalVersion ?? "unknown"}";
    }

    private sealed class ShowVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(Version(Assembly.GetEntryAssembly()!));
            return 0;
        }
    }
}
