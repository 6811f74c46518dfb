using System.CommandLine;

namespace OverlayFuse.Cli.Sessions;

/// <summary>The options that <c>overlayfuse run</c> and <c>hold</c> have in common: layers, where changes go, where the view is.</summary>
internal sealed class SessionWords
{
    private readonly Option<string[]> _lower = new("--lower")
    {
        Description = "A lower layer, never written; repeated: topmost first",
        HelpName = "DIR",
    };
    private readonly Option<string> _upper = new("--upper")
    {
        Description = "Upper directory of an earlier run or mount: shows its changes, takes new ones",
        HelpName = "DIR",
    };
    private readonly Option<string> _keep = new("--keep")
    {
        Description = "Changes go to DIR, which is new or empty; --upper DIR goes on with them",
        HelpName = "DIR",
    };
    private readonly Option<string[]> _options = new("-o")
    {
        Description = "Mount options, as 'overlayfuse options' lists them",
        HelpName = "OPTION,...",
    };
    private readonly Option<string> _at;

    /// <param name="defaultPlace">Where the view is without --at.</param>
    public SessionWords(string defaultPlace) =>
        _at = new("--at") { Description = $"An existing directory for the view (default: {defaultPlace})", HelpName = "PATH" };

    public void AddTo(Command verb)
    {
        foreach (Option option in new Option[] { _lower, _upper, _keep, _at, _options })
            verb.Options.Add(option);
    }

    public RunRequest Read(ParseResult words) => new()
    {
        Lowers = words.GetValue(_lower) ?? [],
        Upper = words.GetValue(_upper),
        Keep = words.GetValue(_keep),
        At = words.GetValue(_at),
        Options = words.GetValue(_options) ?? [],
    };
}
