using System.CommandLine;

namespace OverlayFuse.Tools;

/// <summary>The help and the verbs, by System.CommandLine. Their names are in native/shared.def (TOOL).</summary>
internal static class Verbs
{
    /// <summary>Every verb, in the order of the help.</summary>
    private static readonly (string Name, Func<Command> Make)[] s_all =
    [
    ];

    /// <summary>Their names.</summary>
    public static IEnumerable<string> Names => s_all.Select(verb => verb.Name);

    public static int Invoke(string[] args, TextWriter output) => CommandWords.Invoke(Root(), args, output);

    private static RootCommand Root()
    {
        var root = new RootCommand("Tools for overlayfuse mounts\n'overlayfuse VERB' executes this program.");
        foreach ((_, Func<Command> make) in s_all)
            root.Subcommands.Add(make());
        CommandWords.AddVersion(root);
        return root;
    }
}
