using System.Globalization;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Mounts;

/// <summary>The overlayfuse mounts among those of this mount namespace.</summary>
internal static class LiveMount
{
    /// <summary>
    /// The mounts of one user, or all of them for root, in the order of mounting. A mount that is bound elsewhere, too, is there once.
    /// </summary>
    public static IEnumerable<MountEntry> Find(MountTable mounts, uint user) =>
        mounts.Entries.Where(IsOurs).Where(entry => user == 0 || Owner(entry) == user).DistinctBy(entry => entry.Device);

    /// <summary>A mount that our daemon serves, or has served.</summary>
    public static bool IsOurs(MountEntry entry) => entry.Type == "fuse.overlayfuse";

    /// <summary>
    /// Finds the path without symbolic links of a mountpoint that the user has named. The way there may lead through mounts that never
    /// answer.
    /// </summary>
    /// <exception cref="IOException">The mountpoint cannot be looked at, or not in time.</exception>
    public static string RealPath(string mountPoint, TimeSpan patience)
    {
        using Question question = Question.Begin(mountPoint, new Step(StepKind.RealPath));
        if (!question.Await(patience))
            throw new IOException(string.Create(CultureInfo.InvariantCulture,
                $"{mountPoint}: cannot be looked at in {patience.TotalSeconds:0} s: a mount on the way does not answer; "
                + $"name it by another path"));
        if (question.Replies is [{ Error: Errno.None } found])
            return NativeText.From(found.Data);
        Errno error = question.Replies is [var failed] ? failed.Error : Errno.EIO;
        throw new IOException($"{mountPoint}: cannot be looked at ({error}); name the mountpoint of a live overlayfuse mount");
    }

    /// <summary>The user that has mounted it; null if mountinfo does not tell.</summary>
    public static uint? Owner(MountEntry entry) => uint.TryParse(entry.Option("user_id"), out uint uid) ? uid : null;
}
