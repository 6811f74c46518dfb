using OverlayFuse.Overlay;

namespace OverlayFuse.Cli;

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
            Source = settings.Source ?? (line.Positionals.Count == 2 ? line.Positionals[0] : DefaultSource),
            MountWords = [.. settings.MountWords.Values],
            AllowOther = settings.AllowOther,
            Foreground = line.Foreground || line.Debug,
            Trace = line.Debug,
            SingleThread = line.SingleThread,
        };
    }

    private static string MountPoint(List<string> positionals) => positionals.Count switch
    {
        1 or 2 when positionals[^1].Length > 0 => FullPath(positionals[^1]),
        0 or 1 or 2 => throw new UsageException("the mountpoint is missing; write overlayfuse -o lowerdir=... MOUNTPOINT"),
        _ => throw new UsageException(
            $"'{positionals[^1]}': {positionals.Count} words besides the options; there is one mountpoint, and at most one source before it"),
    };

    private static OverlayOptions ToOverlay(MountSettings settings)
    {
        List<string> data = settings.LowerDir is null ? settings.AppendedData : settings.LowerData;
        var plain = new OverlayOptions
        {
            LowerDirs = [.. LowerLayers(settings).Select(FullPath)],
            DataDirs = [.. data.Select(FullPath)],
            Io = settings.Io,
            Redirect = Redirect(settings),
            Metacopy = settings.Metacopy ?? false,
            UpperDir = settings.UpperDir is null ? null : FullPath(settings.UpperDir),
            WorkDir = settings.UpperDir is null ? null : FullPath(RequiredWorkDir(settings)),
            UserXattr = settings.UserXattr,
            Index = settings.Index,
            Uuid = settings.Uuid,
            Volatile = settings.Volatile,
            NoAccessTimes = settings.MountWords.GetValueOrDefault("atime") == "noatime",
            NoFsync = settings.NoFsync,
            UidMap = settings.UidMap,
            GidMap = settings.GidMap,
            SquashUid = settings.SquashUid ?? (settings.SquashToRoot ? 0 : null),
            SquashGid = settings.SquashGid ?? (settings.SquashToRoot ? 0 : null),
            XattrPermissions = settings.XattrPermissions,
            AufsWhiteouts = Environment.GetEnvironmentVariable(AufsVariable) is not (null or "" or "0"),
            StaticNlink = settings.StaticNlink,
            NoAcl = settings.NoAcl,
            NoXattrs = settings.NoXattrs,
            ReadOnly = settings.ReadOnly || settings.UpperDir is null,
        };
        return settings.CacheTimeout is { } timeout ? plain with { CacheTimeout = timeout } : plain;
    }

    /// <summary>The conflicts of ovl_fs_params_verify; an option that was not written gives way to one that was.</summary>
    private static RedirectMode Redirect(MountSettings settings)
    {
        bool metacopy = settings.Metacopy ?? false;
        if (settings.UserXattr == true && metacopy)
            throw new UsageException("option metacopy=on: cannot stand with userxattr, as in the kernel; leave one of them out");
        if (settings.UserXattr == true && settings.Redirect is RedirectMode.On)
            throw new UsageException("option redirect_dir=on: cannot stand with userxattr, as in the kernel; leave one of them out");
        bool needsOn = settings.UpperDir is not null;
        if (metacopy && (needsOn ? settings.Redirect is not (null or RedirectMode.On) : settings.Redirect is RedirectMode.NoFollow))
            throw new UsageException("option metacopy=on: needs redirect_dir=on; write that, or leave redirect_dir out");
        return settings.Redirect ?? (settings.UserXattr == true ? RedirectMode.NoFollow : metacopy ? RedirectMode.On : RedirectMode.Follow);
    }

    private static string RequiredWorkDir(MountSettings settings) => settings.WorkDir ?? throw new UsageException(
        $"upperdir={settings.UpperDir}: workdir= is missing; give an empty directory beside the upper, on the same file system");

    private static List<string> LowerLayers(MountSettings settings)
    {
        string? appended = settings.AppendedLayers.Select(path => "lowerdir+=" + path).Concat(settings.AppendedData.Select(path => "datadir+=" + path)).FirstOrDefault();
        if (settings.LowerDir is not null && appended is not null)
            throw new UsageException(
                $"lowerdir= and {appended} cannot stand together; give all layers by lowerdir+= and layers_file=, or all by lowerdir=");
        List<string> layers = settings.LowerDir ?? settings.AppendedLayers;
        if (layers.Count == 0)
            throw new UsageException("lowerdir= is missing; write -o lowerdir=TOP:...:BOTTOM");
        return layers.Count <= settings.MaxLayers ? layers : throw TooMany(layers.Count, settings.MaxLayers);
    }

    private static UsageException TooMany(int count, int limit) => new(
        $"lowerdir: {count} lower layers, the limit is {limit}; " +
        (count <= OverlayOptions.MostLowers
            ? $"raise it with max_layers={count} (at most {OverlayOptions.MostLowers})"
            : $"merge some of them: max_layers= goes up to {OverlayOptions.MostLowers}, as in the kernel"));

    /// <summary>".." stays for the kernel to resolve: it means something else behind a symbolic link.</summary>
    private static string FullPath(string path) => Path.Combine(Environment.CurrentDirectory, path);
}
