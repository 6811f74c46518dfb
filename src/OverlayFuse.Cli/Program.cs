using OverlayFuse.Cli.Asking;
using OverlayFuse.Cli.Mounting;
using OverlayFuse.Cli.Native;
using OverlayFuse.Cli.Words;

namespace OverlayFuse.Cli;

internal static class Program
{
    private static int Main(string[] args)
    {
        return Failure.Report(() => Run(NativeDaemon.Arguments(args)));
    }

    private static int Run(string[] args)
    {
        args = Verbs.WithDashes(args);
        if (args is [AskedChild.Word])
            return AskedChild.Run();
        if (args is [VerbWords.Model])
            return Verbs.ShowModel();
        if (args.Length == 0 || Verbs.IsVerb(args[0]))
            return Verbs.Invoke(args);
        Verbs.RefuseMisspelt(args);
        Verbs.RefuseUnknown(args);
        CommandLine line = CommandLine.Parse(args);
        if (line.Help)
            return Verbs.Invoke(["--help"]);
        if (line.Version)
            return Verbs.ShowVersion();
        return Remount.IsAsked(line) ? Remount.Run(line) : Daemon.Run(MountRequestParser.Parse(line));
    }
}
