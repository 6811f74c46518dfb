using System.CommandLine;
using OverlayFuse.Cli.Native;

namespace OverlayFuse.Cli.Words;

/// <summary><c>overlayfuse options</c>: the mount options.</summary>
internal static class OptionsVerb
{
    public const string Name = VerbWords.Options;

    public static Command Make()
    {
        Option<bool> json = JsonOutput.Option();
        var verb = new Command(Name, "Lists the mount options that go after -o") { json };
        verb.SetAction(words => Print(Console.Out, words.GetValue(json)));
        return verb;
    }

    private static void Print(TextWriter output, bool asJson)
    {
        if (asJson)
        {
            output.WriteLine(JsonOutput.Of(OptionTable.Rules));
            return;
        }
        foreach (OptionRule rule in OptionTable.Rules)
        {
            string name = rule.Value.Length == 0 ? rule.Name : $"{rule.Name}={rule.Value}";
            output.WriteLine($"{name,-32} {Word(rule.Action)}{rule.Text}");
        }
    }

    private static string Word(OptionAction action) => action switch
    {
        OptionAction.Accepted => "(accepted) ",
        OptionAction.Refused => "(not there yet) ",
        _ => "",
    };
}
