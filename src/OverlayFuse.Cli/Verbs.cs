using System.CommandLine;
using OverlayFuse.Cli.Doctor;
using OverlayFuse.Cli.Live;
using OverlayFuse.Cli.Mounts;
using OverlayFuse.Cli.Native;
using OverlayFuse.Cli.Sessions;
using OverlayFuse.Cli.Words;

namespace OverlayFuse.Cli;

/// <summary>
/// The help and the verbs, by System.CommandLine. A mount does not come this way: its command line has the grammar of mount helpers, and it
/// must be live in milliseconds.
/// </summary>
internal static class Verbs
{
    /// <summary>Every verb, in the order of the help.</summary>
    private static readonly (string Name, Func<Command> Make)[] s_all =
    [
        (OptionsVerb.Name, OptionsVerb.Make),
        (RunVerb.Name, RunVerb.Make),
        (HoldVerb.Name, HoldVerb.Make),
        (LayersVerb.Name, LayersVerb.Make),
        (AddLayerVerb.Name, AddLayerVerb.Make),
        (RefreshVerb.Name, RefreshVerb.Make),
        (ChangesVerb.Name, ChangesVerb.Make),
        (ListVerb.Name, ListVerb.Make),
        (UnmountVerb.Name, UnmountVerb.Make),
        (DoctorVerb.Name, DoctorVerb.Make),
    ];

    /// <summary>The verbs of the second program, for the help. Native code executes that program before managed code runs.</summary>
    private static readonly (string Name, string Description, string[] Arguments)[] s_tools =
    [
        (ToolWords.Explain, "Tells which layer a file is from, and why others are hidden", ["PATH"]),
        (ToolWords.Tree, "Lists a merged directory with the layer of each entry", ["DIR"]),
        (ToolWords.CatLayer, "Prints a file as one layer has it, shown or hidden", ["LAYER", "PATH"]),
        (ToolWords.BugReport, "Collects what an issue about a mount needs into one file", []),
        (ToolWords.Completion, "Prints the completion script of a shell", ["bash|zsh|fish"]),
        (ToolWords.Snapshotter, "Serves containerd as a proxy snapshotter", ["ADDRESS", "ROOT"]),
    ];

    /// <summary>Words of other programs for the options of that name.</summary>
    private static readonly string[] s_options = [LongWords.Help[2..], LongWords.Version[2..]];

    /// <summary>Their names.</summary>
    public static IEnumerable<string> Names => s_all.Select(verb => verb.Name);

    /// <summary>The names of the verbs of the second program.</summary>
    public static IEnumerable<string> ToolNames => s_tools.Select(verb => verb.Name);

    public static bool IsVerb(string word) => Array.Exists(s_all, verb => verb.Name == word);

    public static int Invoke(string[] args) => Invoke(args, Console.Out);

    internal static int Invoke(string[] args, TextWriter output) => CommandWords.Invoke(Root(args), RunCommand.Without(args), output);

    public static int ShowVersion()
    {
        Console.Out.WriteLine(CommandWords.Version(typeof(Verbs).Assembly));
        return 0;
    }

    /// <summary>Prints the words of this program for its second one (<see cref="CommandModel"/>).</summary>
    public static int ShowModel()
    {
        Console.Out.WriteLine(JsonOutput.Of(CommandModel.Of(Root([]))));
        return 0;
    }

    /// <summary>"help" and "version" alone become options. A directory of that name is a mountpoint.</summary>
    public static string[] WithDashes(string[] args) =>
        args is [var word] && s_options.Contains(word) && !Path.Exists(word) ? ["--" + word] : args;

    /// <summary>A first word that is nearly a verb. Without -o no words mount, so it cannot be a source or a mountpoint.</summary>
    /// <exception cref="UsageException">The verb is misspelt.</exception>
    public static void RefuseMisspelt(string[] args)
    {
        if (args is not [not ['-', ..], ..] || args.Any(word => word.StartsWith('-') && !word.StartsWith("--") && word.Contains('o')))
            return;
        if (Nearest.Of(args[0], [.. Names, .. ToolNames, .. s_options]) is { } verb)
            throw new UsageException($"{args[0]}: no such verb (did you mean {verb}?), and no mount without -o; see overlayfuse --help");
    }

    /// <summary>One word that is no verb and no directory. As a mountpoint it would need -o, too.</summary>
    /// <exception cref="UsageException">There is such a word.</exception>
    public static void RefuseUnknown(string[] args)
    {
        if (args is [[not '-', ..] word] && !Path.Exists(word))
            throw new UsageException(
                $"{word}: no such verb and no such directory, and for a mount lowerdir= is missing; see overlayfuse --help");
    }

    private static RootCommand Root(string[] args)
    {
        var root = new RootCommand(
            "Shows directories as one: TOP over ... over BOTTOM. Changes go to upperdir; the lower layers are\n" +
            "never written.\n" +
            "  overlayfuse -o lowerdir=TOP:...:BOTTOM[,upperdir=DIR,workdir=DIR][,OPTION...] MOUNTPOINT\n" +
            "The command line is that of fuse-overlayfs. To unmount: overlayfuse unmount MOUNTPOINT")
        {
            new Option<string[]>("-o")
            {
                Description = "Mount options with commas between them; -o can be repeated",
                HelpName = "OPTION,...",
            },
            new Option<bool>("--foreground", "-f") { Description = "Stay in the foreground" },
            new Option<bool>("--debug", "-d") { Description = "Stay in the foreground and trace every request" },
            new Option<bool>("-s") { Description = "Serve requests with one thread" },
            new Option<string>("-t") { Description = "The type that mount(8) passes to helpers; has no effect", HelpName = "TYPE" },
        };
        string? asked = args is [var word, ..] && IsVerb(word) ? word : null;
        foreach ((string name, Func<Command> make) in s_all)
            root.Subcommands.Add(name == asked ? make() : Shortened(make()));
        foreach ((string name, string description, string[] arguments) in s_tools)
        {
            var tool = new Command(name, description);
            foreach (string argument in arguments)
                tool.Arguments.Add(new Argument<string>(argument));
            root.Subcommands.Add(tool);
        }
        // The help of a verb would show the root's arguments, too.
        if (asked is null)
            root.Arguments.Add(new Argument<string[]>("[SOURCE] MOUNTPOINT")
            {
                Description = "What /proc/mounts shows as the source; an existing directory",
            });
        CommandWords.AddVersion(root);
        return root;
    }

    /// <summary>The list of verbs shows the first line of each.</summary>
    private static Command Shortened(Command verb)
    {
        verb.Description = verb.Description!.Split('\n')[0];
        return verb;
    }
}
