using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Words;

/// <summary>Makes a <see cref="MountRequest"/> of the words. Relative paths are taken against the working directory.</summary>
internal static class MountRequestParser
{
    private const string DefaultSource = "overlayfuse";

    /// <exception cref="UsageException">Something is missing, unknown, or contradicts itself.</exception>
    public static MountRequest Parse(CommandLine line)
    {
        var settings = new MountSettings { Request = Begin(line) };
        foreach (RawOption option in line.OptionStrings.SelectMany(OptionString.Split))
            OptionTable.Find(option).Use(settings, option);
        MountRequest request = Finish(settings);
        request = request with { MountPoint = MountPoint(line.Positionals), MountWords = [.. settings.MountWords.Values] };
        OptionConflicts.RefuseAllowed(request);
        return request;
    }

    /// <exception cref="UsageException">There is no mountpoint, or there is more than a source and one mountpoint.</exception>
    public static string MountPoint(List<string> positionals) => positionals.Count switch
    {
        1 or 2 when positionals[^1].Length > 0 => FullPath.Of(positionals[^1]),
        0 or 1 or 2 => throw new UsageException("the mountpoint is missing; write overlayfuse -o lowerdir=... MOUNTPOINT"),
        _ => throw new UsageException(
            $"'{positionals[^1]}': {positionals.Count} words besides the options; "
            + "there is one mountpoint, and at most one source before it"),
    };

    /// <summary>The part of the request that the words besides the mount options give.</summary>
    private static MountRequest Begin(CommandLine line) => MountRequest.Empty with
    {
        Overlay = MountRequest.Empty.Overlay with { AufsWhiteouts = AufsVariable.IsSet },
        Source = line.Positionals is [{ Length: > 0 } source, _] ? source : DefaultSource,
        Foreground = line.Foreground || line.Debug,
        Trace = line.Debug,
        SingleThread = line.SingleThread,
    };

    private static MountRequest Finish(MountSettings settings)
    {
        MountRequest request = OptionConflicts.ChooseIndex(settings.Request, settings.Index);
        request = request with { Overlay = settings.Layers.AddTo(request.Overlay) };
        request = OptionConflicts.ChooseRedirect(request);
        OptionConflicts.RequireWorkDir(request.Overlay);
        OptionConflicts.RefuseWithWriteBack(request.Overlay);
        request = OptionConflicts.ChooseThreads(request);
        return request with { Overlay = WithFullPaths(request.Overlay) };
    }

    private static OverlayOptions WithFullPaths(OverlayOptions overlay) => overlay is { UpperDir: { } upper, WorkDir: { } work }
        ? overlay with { UpperDir = FullPath.Of(upper), WorkDir = FullPath.Of(work) }
        : overlay with { WorkDir = null, ReadOnly = true };
}
