using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli;

/// <summary>
/// "-o remount": changes the words of mount(8) on a live mount. mount(8) comes here through mount.fuse with all that /proc/mounts shows.
/// What the layers are and how they are used stays, as with the kernel's overlayfs, which ignores such options here too.
/// </summary>
internal static class Remount
{
    private const string Option = "remount";

    public static bool IsAsked(CommandLine line) => OptionsOf(line).Any(option => option.Name == Option);

    /// <exception cref="UsageException">The mountpoint is missing, or a word has a value that it cannot have.</exception>
    /// <exception cref="MountRefusedException">There is no such mount, or nothing to write to.</exception>
    /// <exception cref="FuseMountException">The kernel refused.</exception>
    public static int Run(CommandLine line)
    {
        string mountPoint = MountRequestParser.MountPoint(line.Positionals);
        MountEntry mount = Find(mountPoint);
        FuseMountFlags flags = MountFlagWords.ToFlags(IsByMount8(line) ? OptionsOf(line).Select(option => option.Name) : Changed(mount, line));
        if (!flags.HasFlag(FuseMountFlags.ReadOnly) && !HasUpper(mountPoint))
            throw new MountRefusedException($"{mountPoint}: has no upperdir, so it stays read-only (EROFS); unmount it and mount it with one");
        FuseMount.Remount(mountPoint, flags);
        return 0;
    }

    /// <summary>mount(8) has merged its words with those of /proc/mounts; what it left out shall go, and of two that contradict each other the kernel chooses.</summary>
    private static bool IsByMount8(CommandLine line) => OptionsOf(line).Any(option => option.Name == "user_id");

    private static IEnumerable<string> Changed(MountEntry mount, CommandLine line)
    {
        var settings = new MountSettings();
        foreach (RawOption option in mount.Options.SelectMany(OptionString.Split).Concat(OptionsOf(line)))
            OptionTable.FindMountWord(option)?.Use(settings, option);
        return settings.MountWords.Values;
    }

    private static IEnumerable<RawOption> OptionsOf(CommandLine line) => line.OptionStrings.SelectMany(OptionString.Split);

    private static MountEntry Find(string mountPoint)
    {
        string path = FullPath.Real(mountPoint);
        return MountTable.Read().Entries.LastOrDefault(entry => entry.MountPoint == path && entry.Type == "fuse.overlayfuse")
            ?? throw new MountRefusedException($"{mountPoint}: no overlayfuse mount is there (EINVAL); see 'findmnt -t fuse.overlayfuse'");
    }

    private static bool HasUpper(string mountPoint)
    {
        if (Sys.OpenAt(Fd.WorkingDirectory, Name.From(mountPoint), OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened) != Errno.None)
            return true; // who may not look at it may not remount it either: the kernel says so
        using var root = new ScopedFd(opened);
        return LiveControl.List(root, 0, out string role, out _) != Errno.None || role == "upper";
    }
}
