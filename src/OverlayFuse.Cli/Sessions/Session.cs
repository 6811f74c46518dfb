using OverlayFuse.Cli.Mounting;
using OverlayFuse.Cli.Native;
using OverlayFuse.Cli.Words;

namespace OverlayFuse.Cli.Sessions;

/// <summary>
/// The managed part of a session. Each process of the session reads the same words and acts by its role (native/session.c, and "A session"
/// in native/README.md).
/// </summary>
internal static class Session
{
    /// <summary>Does the part of a session that this process was started for.</summary>
    /// <exception cref="IOException">The program is not the published one, or something cannot be opened.</exception>
    public static int Act(RunRequest request)
    {
        switch (NativeSession.Role)
        {
            case SessionRole.Plan:
                RunPlan.Make(request);
                return 0;
            case SessionRole.Serve:
                MountRequest mount = request.ToMount(NativeSession.Scratch, NativeSession.IsShared);
                int status = Daemon.Run(mount, new Lifeline(NativeSession.Lifeline));
                NativeSession.Ended();
                return status;
            case SessionRole.Diff:
                RunChanges.List(request, NativeSession.Scratch);
                return 0;
            default:
                throw new IOException("a build by 'dotnet run' cannot hold a session; use the published program (make publish)");
        }
    }
}
