using OverlayFuse.Cli.Asking;
using OverlayFuse.Cli.Mounting;
using OverlayFuse.Cli.Native;
using OverlayFuse.Cli.Output;
using OverlayFuse.Cli.Words;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli;

internal static class Program
{
    private const int Refused = 1;
    private const int Misused = 2;

    private static int Main(string[] args)
    {
        try
        {
            return Run(NativeDaemon.Arguments(args));
        }
        catch (UsageException e)
        {
            return Fail(e, Misused);
        }
        catch (Exception e) when (e is MountRefusedException or FuseMountException or IOException or UnauthorizedAccessException)
        {
            return Fail(e, Refused);
        }
        catch (OutOfMemoryException)
        {
            // Thread.Start throws it, too.
            PlainText.Complain("no more memory, or no more threads; "
                + "raise the limits (ulimit -v, -d, -u, --memory and --pids-limit of the container)");
            return Refused;
        }
    }

    private static int Run(string[] args)
    {
        if (args is [AskedChild.Word])
            return AskedChild.Run();
        if (args.Length == 0 || Verbs.IsVerb(args[0]))
            return Verbs.Invoke(args);
        CommandLine line = CommandLine.Parse(args);
        if (line.Help)
            return Verbs.Invoke(["--help"]);
        if (line.Version)
            return Verbs.ShowVersion();
        return Remount.IsAsked(line) ? Remount.Run(line) : Daemon.Run(MountRequestParser.Parse(line));
    }

    private static int Fail(Exception e, int status)
    {
        PlainText.Complain(e.Message);
        return status;
    }
}
