using System.CommandLine;
using OverlayFuse.Cli.Native;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Cli.Mounts;

/// <summary><c>overlayfuse unmount</c>: unmounts, and returns when the upper is complete on disk.</summary>
internal static class UnmountVerb
{
    public const string Name = VerbWords.Unmount;
    private const int DefaultTimeout = 300;

    public static Command Make()
    {
        var mountPoints = new Argument<string[]>("MOUNTPOINT") { Description = "Live mounts", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all", "-a") { Description = "All mounts that 'overlayfuse list' shows" };
        var lazy = new Option<bool>("--lazy", "-l")
        {
            Description = "Also mounts in use: detaches now, and the daemon ends with the last user",
        };
        var timeout = new Option<int>("--timeout")
        {
            Description = "How long to wait for a daemon that still copies",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => DefaultTimeout,
        };
        var unmount = new Command(Name, "Unmounts, and waits until the upper is complete on disk") { mountPoints, all, lazy, timeout };
        unmount.SetAction(words => Run(
            words.GetValue(mountPoints) ?? [],
            words.GetValue(all),
            new Unmounting { IsLazy = words.GetValue(lazy), Timeout = TimeSpan.FromSeconds(words.GetValue(timeout)) }));
        return unmount;
    }

    /// <returns>1 if one of them is still there, or is not known to be complete. The others are unmounted all the same.</returns>
    /// <exception cref="UsageException">Neither mountpoints nor --all, or both.</exception>
    private static int Run(string[] mountPoints, bool all, Unmounting unmounting)
    {
        if (all != (mountPoints.Length == 0))
            throw new UsageException("unmount: name the mountpoints, or write --all");
        if (unmounting.Timeout < TimeSpan.Zero)
            throw new UsageException("unmount: --timeout: a negative time; write a number of seconds");
        int status = 0;
        foreach (string mountPoint in all ? All() : mountPoints)
        {
            try
            {
                unmounting.Run(mountPoint);
            }
            catch (Exception e) when (e is IOException or FuseMountException)
            {
                PlainText.Complain(e.Message);
                status = 1;
            }
        }
        return status;
    }

    /// <summary>The last mounted first: it may lie in an earlier one.</summary>
    private static IEnumerable<string> All() =>
        LiveMount.Find(OwnMounts.Read(), Sys.EffectiveUid).Select(mount => mount.MountPoint).Reverse();
}
