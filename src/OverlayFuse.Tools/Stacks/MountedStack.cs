using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Tools.Serving;

namespace OverlayFuse.Tools.Stacks;

/// <summary>
/// The stack of a live mount: of ours, of the kernel's overlayfs, or of fuse-overlayfs. The layers are read beside the mount, which is
/// not asked for any file.
/// </summary>
internal static class MountedStack
{
    private const string FuseOverlayfs = "fuse-overlayfs";

    /// <summary>Finds the mount that a path is on.</summary>
    /// <param name="path">The path that the user has named.</param>
    /// <param name="inside">The path in the view; empty for the root.</param>
    /// <exception cref="IOException">The path is on no overlay, or the mount does not tell its layers.</exception>
    public static NamedStack Find(string path, out string inside)
    {
        MountTable mounts = OwnMounts.Read();
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        MountEntry? mount = At(mounts, full);
        if (mount is null || !IsOverlay(mount))
        {
            full = WithoutLinks(full);
            mount = At(mounts, full);
        }
        if (mount is null || !IsOverlay(mount))
            throw new IOException($"{path}: is on no overlay ({mount?.Type ?? "no mount"}); "
                + "name a path below a live overlay, or name the layers: --lower TOP:...:BOTTOM --upper DIR");
        string rest = full[(mount.MountPoint == "/" ? 0 : mount.MountPoint.Length)..];
        inside = (mount.Root + rest).Trim('/');
        return Of(mount);
    }

    private static bool IsOverlay(MountEntry mount) => mount.Type is "overlay" or "fuse.overlayfuse" or "fuse." + FuseOverlayfs;

    private static NamedStack Of(MountEntry mount) => mount.Type switch
    {
        "overlay" => OfKernel(mount),
        "fuse.overlayfuse" => OfOurs(mount),
        _ => OfFuseOverlayfs(mount),
    };

    /// <summary>The mount that a path is on. The sort is stable: of several at one mountpoint the last is on top.</summary>
    private static MountEntry? At(MountTable mounts, string path) =>
        mounts.Entries.Where(entry => IsAbove(entry.MountPoint, path)).OrderBy(entry => entry.MountPoint.Length).LastOrDefault();

    private static bool IsAbove(string mountPoint, string path) =>
        mountPoint == "/" || path == mountPoint || path.StartsWith(mountPoint + "/", StringComparison.Ordinal);

    /// <summary>The path with the symbolic links of the directories above the last name followed.</summary>
    private static string WithoutLinks(string path)
    {
        if (Path.GetDirectoryName(path) is not { } parent
            || Sys.OpenAt(Fd.WorkingDirectory, Name.From(parent), OpenFlags.Path | OpenFlags.Directory, out Fd opened) != Errno.None)
            return path;
        using var directory = new ScopedFd(opened);
        return TextFile.PathOf(opened, out string real) == Errno.None ? Path.Combine(real, Path.GetFileName(path)) : path;
    }

    /// <summary>Options that are the module's defaults are not shown (ovl_show_options).</summary>
    private static NamedStack OfKernel(MountEntry mount)
    {
        OverlayOptions defaults = NamedStack.Empty with
        {
            UserXattr = false,
            AufsWhiteouts = false,
            Metacopy = IsOn("metacopy"),
            Redirect = IsOn("redirect_dir") ? RedirectMode.On
                : IsOn("redirect_always_follow") ? RedirectMode.Follow : RedirectMode.NoFollow,
        };
        OverlayOptions options = StackOptions.Apply(mount.Options, defaults);
        return new NamedStack
        {
            Options = LayerPaths.Absolute(options, mount.MountPoint, LayerPaths.Above(mount.MountPoint)),
            IsOfKernel = true,
        };
    }

    private static bool IsOn(string parameter) =>
        TextFile.Read($"/sys/module/overlay/parameters/{parameter}", out string value) == Errno.None && value.StartsWith('Y');

    private static NamedStack OfOurs(MountEntry mount)
    {
        ServedMount served = ServingProgram.Ask(ServingJson.Default.ServedMountArray, "list", "--json")
            .LastOrDefault(served => served.Mountpoint == mount.MountPoint && served.Layers.Length > 0)
            ?? throw new IOException($"{mount.MountPoint}: its daemon does not tell the layers; see 'overlayfuse list', "
                + "or name the layers: --lower TOP:...:BOTTOM --upper DIR");
        OverlayOptions options = StackOptions.Apply(WordsOf(served.Pid), NamedStack.Empty) with
        {
            LowerDirs = PathsOf(served, "lower"),
            DataDirs = PathsOf(served, "data"),
            UpperDir = PathsOf(served, "upper").FirstOrDefault(),
            UserXattr = served.Userxattr,
        };
        return new NamedStack { Options = options, BelievesOverrides = served.User is not (null or 0) };
    }

    private static string[] PathsOf(ServedMount mount, string role) =>
        [.. mount.Layers.Where(layer => layer.Role == role).Select(layer => layer.Path)];

    /// <summary>The options of a daemon; none if it is not known.</summary>
    private static IEnumerable<string> WordsOf(int? process) => process is { } id ? DaemonWords.Options(CommandOf(id)) : [];

    private static string[] CommandOf(int process) => TextFile.Read(
        string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/cmdline"), out string words) == Errno.None ? words.Split('\0') : [];

    /// <summary>Mountinfo does not show the layers of fuse-overlayfs: its daemon's words name them.</summary>
    private static NamedStack OfFuseOverlayfs(MountEntry mount)
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out int process)
                || CommandOf(process) is not [var program, ..] words || Path.GetFileName(program) != FuseOverlayfs)
                continue;
            string[] starts = [.. TextFile.ReadLink(directory + "/cwd", out string cwd) == Errno.None ? [cwd] : Array.Empty<string>(),
                .. LayerPaths.Above(mount.MountPoint)];
            string last = words.Last(word => word.Length > 0);
            if (!starts.Any(start => Path.GetFullPath(last, start) == mount.MountPoint))
                continue;
            OverlayOptions options = StackOptions.Apply(DaemonWords.Options(words), NamedStack.Empty);
            return new NamedStack
            {
                Options = LayerPaths.Absolute(options, mount.MountPoint, starts),
                BelievesOverrides = mount.Option("user_id") is not (null or "0"),
            };
        }
        throw new IOException($"{mount.MountPoint}: no process of fuse-overlayfs with that mountpoint is seen; "
            + "name the layers: --lower TOP:...:BOTTOM --upper DIR");
    }
}
