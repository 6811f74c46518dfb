using System.Runtime.InteropServices;

namespace OverlayFuse.Fuse.Mounting;

/// <summary>The life of a program that serves one mount.</summary>
public static class FuseServer
{
    /// <summary>
    /// Mounts a file system and serves it until the mount is gone. SIGINT, SIGTERM and SIGHUP unmount it: open files stay usable until they
    /// are closed. A second signal ends the session at once.
    /// </summary>
    /// <param name="fileSystem">Answers the requests.</param>
    /// <param name="mountOptions">The mountpoint and the options of the mount.</param>
    /// <param name="sessionOptions">Null: the defaults.</param>
    /// <exception cref="FuseMountException">Mounting failed. The text names the thing, the value and the remedy.</exception>
    public static void Run(IFuseFileSystem fileSystem, FuseMountOptions mountOptions, FuseSessionOptions? sessionOptions = null)
    {
        FuseMount mount = FuseMount.Mount(mountOptions);
        var session = new FuseSession(fileSystem, mount.Device, sessionOptions);
        int signals = 0;
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End),
            terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End),
            hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End);
        try
        {
            session.Run();
        }
        finally
        {
            // A session that ended before its mount, as after a refused INIT, leaves a dead mount.
            mount.Unmount();
        }

        void End(PosixSignalContext context)
        {
            // The default ends the process and leaves a dead mount.
            context.Cancel = true;
            if (Interlocked.Increment(ref signals) > 1 || !TryUnmount(mount, sessionOptions?.Log))
                // The process ends in either case.
                _ = session.Stop();
        }
    }

    private static bool TryUnmount(FuseMount mount, Action<string>? log)
    {
        try
        {
            mount.Unmount();
            return true;
        }
        catch (FuseMountException failure)
        {
            log?.Invoke(failure.Message);
            return false;
        }
    }
}
