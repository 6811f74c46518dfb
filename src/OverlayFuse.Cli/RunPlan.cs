using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Checks;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Cli;

/// <summary>Checks what <c>overlayfuse run</c> or <c>hold</c> was asked for, before anything is made, and tells the supervisor what to do.</summary>
internal static class RunPlan
{
    /// <summary>Said by words of their own.</summary>
    private static readonly string[] s_layerOptions = ["lowerdir", "lowerdir+", "datadir+", "layers_file", "upperdir", "workdir"];

    /// <exception cref="UsageException">Something is missing, or contradicts itself.</exception>
    /// <exception cref="MountRefusedException">A directory is missing, or cannot be used.</exception>
    public static void Make(RunRequest request)
    {
        CheckWords(request);
        MountTable mounts = OwnMounts.Read();
        List<string> lowers = [.. request.Lowers.Select(path => RealPath("--lower", path, mounts))];
        string at = request.At is not null ? RealPath("--at", request.At, mounts) : request.IsHeld ? "" : lowers[^1];
        string parent = request.ThrowsAway ? Temporary(request, mounts) : Beside(request, mounts);
        NativeSession.Send(
            Flags(request), parent, at, lowers[0], request.Keep is null ? "" : request.UpperIn(""),
            (request.Command + 1).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The letters of native/session.h.</summary>
    private static string Flags(RunRequest request)
    {
        bool mayBeSeen = request is { At: not null, IsRoot: false, MapsRoot: false, IsHeld: false };
        return (request.ThrowsAway ? "t" : "") + (request.MapsRoot ? "r" : "") + (request.IsRoot ? "c" : "")
            + (mayBeSeen ? "v" : "") + (request.ListsChanges ? "d" : "") + (request.IsHeld ? "h" : "");
    }

    private static void CheckWords(RunRequest request)
    {
        string verb = request.IsHeld ? HoldVerb.Name : RunVerb.Run;
        if (!request.IsHeld && request.Command >= request.WordCount)
            throw new UsageException("run: COMMAND is missing; write it after --, as in: overlayfuse run --lower . -- make");
        if (request.Lowers.Count == 0)
            throw new UsageException($"{verb}: --lower is missing; write --lower DIR{(request.IsHeld ? "" : ", or --root DIR for a root file system")}");
        if (request is { Upper: not null, Keep: not null })
            throw new UsageException($"{verb}: --upper {request.Upper} and --keep {request.Keep} cannot stand together; --keep begins a new upper, --upper goes on with one");
        foreach (RawOption option in request.Options.SelectMany(OptionString.Split))
        {
            if (s_layerOptions.Contains(option.Name))
                throw new UsageException($"{verb}: option {option}: layers are named by --lower and --upper here");
            if (option.Name is "remount" or "debug")
                throw new UsageException($"{verb}: option {option.Name}: not for a session; mount with overlayfuse -o ... MOUNTPOINT");
        }
        _ = request.ToMount("/", shared: false); // the other options, before anything is made
    }

    private static string RealPath(string label, string path, MountTable mounts)
    {
        using LayerPlace place = LayerPlace.Open(label, FullPath.Of(path), mounts);
        return place.RealPath;
    }

    /// <summary>Where upper and work are made when both are thrown away: on disk, if TMPDIR does not say otherwise.</summary>
    private static string Temporary(RunRequest request, MountTable mounts)
    {
        string parent = Sys.GetVariable("TMPDIR") is { Length: > 0 } chosen ? chosen : Sys.IsDirectory("/var/tmp") ? "/var/tmp" : "/tmp";
        using LayerPlace place = LayerPlace.Open("TMPDIR", FullPath.Of(parent), mounts);
        foreach (string path in request.Lowers)
        {
            using LayerPlace lower = LayerPlace.Open("--lower", FullPath.Of(path), mounts);
            if (lower.Contains(place))
                throw new MountRefusedException($"{place}: lies inside {lower}, and the changes must not; set TMPDIR to a directory outside of it, on a disk or in memory (/dev/shm)");
        }
        return place.RealPath;
    }

    /// <summary>Work must be on the upper's file system: beside it.</summary>
    private static string Beside(RunRequest request, MountTable mounts)
    {
        if (request.Upper is { } upper)
            return Path.GetDirectoryName(RealPath("--upper", upper, mounts)) ?? "/";
        string keep = request.UpperIn("");
        bool isThere = Sys.StatxAt(Fd.WorkingDirectory, Name.From(keep), out _, StatxMask.Type) == Errno.None;
        if (isThere && (Sys.FindEntry(keep, out string? entry) != Errno.None || entry is not null))
            throw new MountRefusedException($"--keep={request.Keep}: is there and not an empty directory; name a new one, or go on with it by --upper {request.Keep}");
        return RealPath("--keep", Path.GetDirectoryName(keep) ?? "/", mounts);
    }
}
