using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Overlay;

namespace OverlayFuse.Output;

/// <summary>What both programs do when a verb fails: one line on standard error, and an exit status.</summary>
internal static class Failure
{
    /// <summary>Exit status: the machine, the mount or the kernel refuses.</summary>
    public const int Refused = 1;

    /// <summary>Exit status: the command line is not understood.</summary>
    public const int Misused = 2;

    /// <summary>Runs a program and reports what it throws. An exception that is not named here is a fault of the program.</summary>
    public static int Report(Func<int> run)
    {
        StandardStreams.BecomeTheConsole();
        try
        {
            return run();
        }
        catch (UsageException e)
        {
            return Say(e.Message, Misused);
        }
        catch (Exception e) when (e is MountRefusedException or FuseMountException or IOException or UnauthorizedAccessException)
        {
            return Say(e.Message, Refused);
        }
        catch (OutOfMemoryException)
        {
            // Thread.Start throws it, too.
            return Say("no more memory, or no more threads; "
                + "raise the limits (ulimit -v, -d, -u, --memory and --pids-limit of the container)", Refused);
        }
    }

    private static int Say(string message, int status)
    {
        PlainText.Complain(message);
        return status;
    }
}
