using System.Globalization;
using OverlayFuse.Cli.Native;
using OverlayFuse.Cli.Words;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Checks;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Cli.Sessions;

/// <summary>
/// Checks the words of <c>overlayfuse run</c> or <c>hold</c> before anything is made, and tells the supervisor what to do.
/// </summary>
internal static class RunPlan
{
    /// <exception cref="UsageException">Something is missing, or contradicts itself.</exception>
    /// <exception cref="MountRefusedException">A directory is missing, or cannot be used.</exception>
    public static void Make(RunRequest request)
    {
        CheckWords(request);
        MountTable mounts = OwnMounts.Read();
        List<string> lowers = [.. request.Lowers.Select(path => RealPath("--lower", path, mounts))];
        string at = request.At is not null ? RealPath("--at", request.At, mounts) : request.IsHeld ? "" : lowers[^1];
        string parent = request.ThrowsAway ? Temporary(request, mounts) : Beside(request, mounts);
        string[] plan = new string[(int)PlanField.Count];
        plan[(int)PlanField.Flags] = Flags(request);
        plan[(int)PlanField.Parent] = parent;
        plan[(int)PlanField.At] = at;
        plan[(int)PlanField.Like] = lowers[0];
        plan[(int)PlanField.Keep] = request.Keep is null ? "" : request.UpperIn("");
        plan[(int)PlanField.Command] = ((request.Command ?? 0) + 1).ToString(CultureInfo.InvariantCulture);
        NativeSession.Send(plan);
    }

    private static string Flags(RunRequest request)
    {
        bool mayBeSeen = request is { At: not null, IsRoot: false, MapsRoot: false, IsHeld: false };
        return Flag(SessionFlags.ThrowAway, request.ThrowsAway) + Flag(SessionFlags.MapRoot, request.MapsRoot)
            + Flag(SessionFlags.Chroot, request.IsRoot) + Flag(SessionFlags.MayBeSeen, mayBeSeen)
            + Flag(SessionFlags.Diff, request.ListsChanges) + Flag(SessionFlags.Hold, request.IsHeld);
    }

    private static string Flag(char flag, bool isSet) => isSet ? flag.ToString() : "";

    private static void CheckWords(RunRequest request)
    {
        string verb = request.IsHeld ? HoldVerb.Name : RunVerb.Name;
        if (!request.IsHeld && request.Command is null)
            throw new UsageException("run: COMMAND is missing; write it after --, as in: overlayfuse run --lower . -- make");
        if (request.Lowers.Count == 0)
            throw new UsageException(
                $"{verb}: --lower is missing; write --lower DIR{(request.IsHeld ? "" : ", or --root DIR for a root file system")}");
        if (request is { ListsChangesAsJson: true, ListsChanges: false })
            throw new UsageException($"{verb}: --json: says how --diff prints; write --diff, too");
        if (request is { Upper: not null, Keep: not null })
            throw new UsageException(
                $"{verb}: --upper {request.Upper} and --keep {request.Keep} cannot stand together; "
                + "--keep begins a new upper, --upper goes on with one");
        OptionConflicts.RefuseInSession(verb, request.Options);
        // Checks the other options.
        _ = request.ToMount("/", shared: false);
    }

    private static string RealPath(string label, string path, MountTable mounts)
    {
        using LayerPlace place = LayerPlace.Open(label, FullPath.Of(path), mounts);
        return place.RealPath;
    }

    /// <summary>The directory for an upper and work that are thrown away: on disk, if TMPDIR does not say otherwise.</summary>
    private static string Temporary(RunRequest request, MountTable mounts)
    {
        string parent = Sys.GetVariable("TMPDIR") is { Length: > 0 } chosen ? chosen : Sys.IsDirectory("/var/tmp") ? "/var/tmp" : "/tmp";
        using LayerPlace place = LayerPlace.Open("TMPDIR", FullPath.Of(parent), mounts);
        foreach (string path in request.Lowers)
        {
            using LayerPlace lower = LayerPlace.Open("--lower", FullPath.Of(path), mounts);
            if (lower.Contains(place))
                throw new MountRefusedException(
                    $"{place}: lies inside {lower}, and the changes must not; "
                    + "set TMPDIR to a directory outside of it, on a disk or in memory (/dev/shm)");
        }
        return place.RealPath;
    }

    /// <summary>The directory of the upper: work must be on the upper's file system.</summary>
    private static string Beside(RunRequest request, MountTable mounts)
    {
        if (request.Upper is { } upper)
            return Path.GetDirectoryName(RealPath("--upper", upper, mounts)) ?? "/";
        string keep = request.UpperIn("");
        bool isThere = Sys.StatxAt(Fd.WorkingDirectory, Name.From(keep), out _, StatxMask.Type) == Errno.None;
        if (isThere && (Sys.FindEntry(keep, out string? entry) != Errno.None || entry is not null))
            throw new MountRefusedException(
                $"--keep={request.Keep}: is there and not an empty directory; name a new one, or go on with it by --upper {request.Keep}");
        return RealPath("--keep", Path.GetDirectoryName(keep) ?? "/", mounts);
    }
}
