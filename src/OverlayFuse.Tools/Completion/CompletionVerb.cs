using System.CommandLine;
using OverlayFuse.Tools.Serving;

namespace OverlayFuse.Tools.Completion;

/// <summary><c>overlayfuse completion</c>: prints the script by which a shell completes the words of both programs.</summary>
internal static class CompletionVerb
{
    public const string Name = ToolWords.Completion;

    private static readonly (string Name, Func<CompletionWords, string> Write)[] s_shells =
    [
        ("bash", BashScript.Of),
        ("zsh", ZshScript.Of),
        ("fish", FishScript.Of),
    ];

    public static Command Make()
    {
        var shell = new Argument<string>("SHELL") { Description = string.Join(", ", s_shells.Select(known => known.Name)) };
        _ = shell.AcceptOnlyFromAmong([.. s_shells.Select(known => known.Name)]);
        const string help = "Prints the completion script of a shell\n  . <(overlayfuse completion bash)";
        var verb = new Command(Name, help) { shell };
        verb.SetAction(words => Print(words.GetRequiredValue(shell)));
        return verb;
    }

    private static void Print(string shell)
    {
        CommandModel[] served = ServingProgram.Ask(ServingJson.Default.CommandModelArray, VerbWords.Model);
        MountOption[] options = ServingProgram.Ask(ServingJson.Default.MountOptionArray, VerbWords.Options, "--json");
        var words = new CompletionWords(served, [.. CommandModel.Of(Verbs.Root()).Skip(1)], options);
        Console.Out.Write(s_shells.First(known => known.Name == shell).Write(words));
    }
}
