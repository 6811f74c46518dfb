using System.CommandLine;
using OverlayFuse.Tools.BugReport;
using OverlayFuse.Tools.Completion;
using OverlayFuse.Tools.Explain;
using OverlayFuse.Tools.Snapshotter;

namespace OverlayFuse.Tools;

/// <summary>The help and the verbs, by System.CommandLine. Their names are in native/shared.def (TOOL).</summary>
internal static class Verbs
{
    /// <summary>Every verb, in the order of the help.</summary>
    private static readonly (string Name, Func<Command> Make)[] s_all =
    [
        (ExplainVerb.Name, ExplainVerb.Make),
        (TreeVerb.Name, TreeVerb.Make),
        (CatLayerVerb.Name, CatLayerVerb.Make),
        (BugReportVerb.Name, BugReportVerb.Make),
        (CompletionVerb.Name, CompletionVerb.Make),
        (SnapshotterVerb.Name, SnapshotterVerb.Make),
    ];

    /// <summary>Their names.</summary>
    public static IEnumerable<string> Names => s_all.Select(verb => verb.Name);

    public static int Invoke(string[] args, TextWriter output) => CommandWords.Invoke(Root(), args, output);

    internal static RootCommand Root()
    {
        var root = new RootCommand("Tools for overlayfuse mounts\n'overlayfuse VERB' executes this program.");
        foreach ((_, Func<Command> make) in s_all)
            root.Subcommands.Add(make());
        CommandWords.AddVersion(root);
        return root;
    }
}
