using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Words;

/// <summary>From words to a <see cref="MountRequest"/>. Relative paths are taken against the working directory, here and only here.</summary>
internal static class MountRequestParser
{
    private const string DefaultSource = "overlayfuse";

    /// <summary>Container clients set it to 1 where an upper's whiteouts shall be files (fuse-overlayfs' name for it).</summary>
    private const string AufsVariable = "FUSE_OVERLAYFS_DISABLE_OVL_WHITEOUT";

    /// <exception cref="UsageException">Something is missing, unknown, or contradicts itself.</exception>
    public static MountRequest Parse(CommandLine line)
    {
        var settings = new MountSettings();
        foreach (RawOption option in line.OptionStrings.SelectMany(OptionString.Split))
            OptionTable.Find(option).Use(settings, option);
        return new MountRequest
        {
            Overlay = ToOverlay(settings),
            MountPoint = MountPoint(line.Positionals),
            Source = settings.Source ?? (line.Positionals is [{ Length: > 0 } source, _] ? source : DefaultSource),
            MountWords = [.. settings.MountWords.Values],
            AllowOther = OptionConflicts.AllowOther(settings),
            AllowRoot = settings.AllowRoot,
            MaxReadahead = settings.MaxReadahead,
            Foreground = line.Foreground || line.Debug || settings.Debug,
            Trace = line.Debug || settings.Debug,
            SingleThread = line.SingleThread,
        };
    }

    /// <exception cref="UsageException">There is none, or more than one and a source.</exception>
    public static string MountPoint(List<string> positionals) => positionals.Count switch
    {
        1 or 2 when positionals[^1].Length > 0 => FullPath.Of(positionals[^1]),
        0 or 1 or 2 => throw new UsageException("the mountpoint is missing; write overlayfuse -o lowerdir=... MOUNTPOINT"),
        _ => throw new UsageException(
            $"'{positionals[^1]}': {positionals.Count} words besides the options; there is one mountpoint, and at most one source before it"),
    };

    private static OverlayOptions ToOverlay(MountSettings settings)
    {
        List<string> data = settings.LowerDir is null ? settings.AppendedData : settings.LowerData;
        (bool index, bool nfsExport) = OptionConflicts.Index(settings);
        var plain = new OverlayOptions
        {
            LowerDirs = [.. LowerLayers(settings).Select(FullPath.Of)],
            DataDirs = [.. data.Select(FullPath.Of)],
            Io = settings.Io,
            IncrementalCopyUp = settings.IncrementalCopyUp,
            Redirect = OptionConflicts.Redirect(settings),
            Metacopy = settings.Metacopy ?? false,
            UpperDir = settings.UpperDir is null ? null : FullPath.Of(settings.UpperDir),
            WorkDir = settings.UpperDir is null ? null : FullPath.Of(RequiredWorkDir(settings)),
            UserXattr = settings.UserXattr,
            Index = index,
            NfsExport = nfsExport,
            KeepsLowers = settings.KeepsLowers,
            Verity = settings.Verity,
            Uuid = settings.Uuid,
            Volatile = settings.Volatile,
            NoAccessTimes = settings.MountWords.GetValueOrDefault("atime") == "noatime",
            Fsync = settings.Fsync,
            UidMap = settings.UidMap,
            GidMap = settings.GidMap,
            SquashUid = settings.SquashUid ?? (settings.SquashToRoot ? 0 : null),
            SquashGid = settings.SquashGid ?? (settings.SquashToRoot ? 0 : null),
            XattrPermissions = settings.XattrPermissions,
            AufsWhiteouts = Environment.GetEnvironmentVariable(AufsVariable) is not (null or "" or "0"),
            StaticNlink = settings.StaticNlink,
            NoAcl = settings.NoAcl,
            NoXattrs = settings.NoXattrs,
            EntryTimeout = settings.EntryTimeout,
            AttributeTimeout = settings.AttributeTimeout,
            NegativeTimeout = settings.NegativeTimeout,
            AutoCache = settings.AutoCache,
            DirectIo = settings.DirectIo,
            WriteBack = OptionConflicts.WriteBack(settings),
            ShortInos = settings.ShortInos,
            ReadOnly = settings.ReadOnly || settings.UpperDir is null,
        };
        return settings.CacheTimeout is { } timeout ? plain with { CacheTimeout = timeout } : plain;
    }

    private static string RequiredWorkDir(MountSettings settings) => settings.WorkDir ?? throw new UsageException(
        $"upperdir={settings.UpperDir}: workdir= is missing; give an empty directory beside the upper, on the same file system");

    private static List<string> LowerLayers(MountSettings settings)
    {
        List<string> layers = settings.LowerDir ?? settings.AppendedLayers;
        if (layers.Count == 0)
            throw new UsageException("lowerdir= is missing; write -o lowerdir=TOP:...:BOTTOM");
        int count = layers.Count + (settings.LowerDir is null ? settings.AppendedData : settings.LowerData).Count;
        return count <= settings.MaxLayers ? layers : throw TooMany(count, settings.MaxLayers);
    }

    private static UsageException TooMany(int count, int limit) => new(
        $"lowerdir: {count} lower layers, the limit is {limit}; " +
        (count <= OverlayOptions.MostLowers
            ? $"raise it with max_layers={count} (at most {OverlayOptions.MostLowers})"
            : $"merge some of them: max_layers= goes up to {OverlayOptions.MostLowers}, as in the kernel"));
}
