using System.CommandLine;
using System.Reflection;
using OverlayFuse.Cli.Doctor;
using OverlayFuse.Cli.Mounts;

namespace OverlayFuse.Cli;

/// <summary>
/// Help and the verbs, by System.CommandLine. A mount does not come this way: its words have the grammar of mount helpers,
/// and it must be live in milliseconds.
/// </summary>
internal static class Verbs
{
    /// <summary>Keep in step with native/command_line.c: verbs stay in the foreground.</summary>
    private const string Options = "options";

    /// <summary>What goes wrong is told by <see cref="Program"/>.</summary>
    private static readonly InvocationConfiguration s_plain = new() { EnableDefaultExceptionHandler = false };

    public static bool IsVerb(string word) => word is Options or LiveVerbs.ListLayers or LiveVerbs.AddLayer or LiveVerbs.Refresh
        or ChangesVerb.Name or RunVerb.Run or HoldVerb.Name or ListVerb.Name or UnmountVerb.Name or DoctorVerb.Name;

    public static int Invoke(string[] args) => Root(args).Parse(args.Length == 0 ? ["--help"] : RunVerb.WithoutCommand(args)).Invoke(s_plain);

    public static int ShowVersion()
    {
        string version = typeof(Verbs).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        Console.Out.WriteLine($"overlayfuse {version}");
        return 0;
    }

    private static RootCommand Root(string[] args)
    {
        var options = new Command(Options, "Lists the mount options that go after -o");
        options.SetAction(_ => ShowOptions(Console.Out));
        var root = new RootCommand(
            "Shows directories as one: TOP over ... over BOTTOM; changes go to upperdir, the lower layers are never written.\n" +
            "  overlayfuse -o lowerdir=TOP:...:BOTTOM[,upperdir=DIR,workdir=DIR][,OPTION...] MOUNTPOINT\n" +
            "The command line is that of fuse-overlayfs. Unmount with: overlayfuse unmount MOUNTPOINT")
        {
            new Option<string[]>("-o") { Description = "Mount options, several with commas; may be given several times", HelpName = "OPTION,..." },
            new Option<bool>("--foreground", "-f") { Description = "Stay in the foreground" },
            new Option<bool>("--debug", "-d") { Description = "Stay in the foreground and trace every request" },
            new Option<bool>("-s") { Description = "Serve requests by one thread" },
            new Option<string>("-t") { Description = "Type, as mount helpers are given it; has no effect", HelpName = "TYPE" },
            options,
            RunVerb.Create(args),
            HoldVerb.Make(),
        };
        foreach (Command verb in LiveVerbs.All())
            root.Subcommands.Add(verb);
        foreach (Command verb in new[] { ListVerb.Make(), UnmountVerb.Make(), DoctorVerb.Make() })
            root.Subcommands.Add(verb);
        // The help of a verb shows the root's arguments, too.
        if (args is not [var word, ..] || !IsVerb(word))
            root.Arguments.Add(new Argument<string[]>("[SOURCE] MOUNTPOINT") { Description = "What /proc/mounts shows as the source; an existing directory" });
        root.Options.OfType<VersionOption>().Single().Aliases.Add("-V");
        return root;
    }

    private static void ShowOptions(TextWriter output)
    {
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
