using System.Globalization;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Cli.Mounts;
using OverlayFuse.Cli.Words;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Mounting;

/// <summary>
/// "-o remount": changes the words of mount(8) on a live mount. mount(8) calls this through mount.fuse, with all words that /proc/mounts
/// shows. The layers and their options stay, as with the kernel's overlayfs, which ignores such options here too.
/// </summary>
internal static class Remount
{
    private const string Option = "remount";

    public static bool IsAsked(CommandLine line) => OptionsOf(line).Any(option => option.Name == Option);

    /// <exception cref="UsageException">The mountpoint is missing, or a word has a value that it cannot have.</exception>
    /// <exception cref="MountRefusedException">There is no such mount, or nothing to write to.</exception>
    /// <exception cref="IOException">The kernel refused, or the mount does not answer.</exception>
    public static int Run(CommandLine line)
    {
        string mountPoint = MountRequestParser.MountPoint(line.Positionals);
        MountEntry mount = Find(mountPoint);
        IEnumerable<string> words = IsByMount8(line) ? OptionsOf(line).Select(option => option.Name) : Changed(mount, line);
        FuseMountFlags flags = MountFlagWords.ToFlags(words);
        if (!flags.HasFlag(FuseMountFlags.ReadOnly) && !HasUpper(mountPoint))
            throw new MountRefusedException(
                $"{mountPoint}: has no upperdir, so it stays read-only (EROFS); unmount it and mount it with one");
        Apply(mountPoint, flags);
        return 0;
    }

    /// <summary>
    /// True if the words come from mount(8). It has merged them with those of /proc/mounts: a word that is missing goes, and of two that
    /// contradict each other the kernel chooses.
    /// </summary>
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
        string path = LiveMount.RealPath(mountPoint, Question.FirstPatience);
        return OwnMounts.Read().Entries.LastOrDefault(entry => entry.MountPoint == path && entry.Type == "fuse.overlayfuse")
            ?? throw new MountRefusedException($"{mountPoint}: no overlayfuse mount is there (EINVAL); see 'findmnt -t fuse.overlayfuse'");
    }

    /// <exception cref="IOException">The mount does not answer.</exception>
    private static bool HasUpper(string mountPoint)
    {
        using Question question = Question.Begin(mountPoint, new Step(StepKind.Open), new Step(StepKind.Layers, 1));
        if (!question.Await(Question.FirstPatience))
            throw Silent(mountPoint, Question.FirstPatience);
        // A user that may not look at the mount may not remount it either. The kernel says so.
        return question.Replies is not [_, { Error: Errno.None } topmost, ..]
            || LiveControl.ReadLayer(topmost.Data).Role == "upper";
    }

    /// <summary>Remounts. The kernel first writes out what the mount has been given.</summary>
    private static void Apply(string mountPoint, FuseMountFlags flags)
    {
        using Question question = Question.Begin(mountPoint, new Step(StepKind.Remount, (uint)flags));
        if (!question.Await(Question.LongPatience))
            throw Silent(mountPoint, Question.LongPatience);
        Errno error = question.Replies is [var reply] ? reply.Error : Errno.EIO;
        if (error != Errno.None)
            throw new IOException($"{mountPoint}: cannot be remounted: {error}{(error == Errno.EPERM ? "; only root may" : "")}");
    }

    private static IOException Silent(string mountPoint, TimeSpan patience) => new(string.Create(CultureInfo.InvariantCulture,
        $"{mountPoint}: its daemon has not answered in {patience.TotalSeconds:0} s; "
        + $"if it is stopped (T in ps -C overlayfuse), kill -CONT it"));
}
