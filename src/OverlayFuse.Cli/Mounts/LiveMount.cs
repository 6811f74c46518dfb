using System.Globalization;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Mounts;

/// <summary>The overlayfuse mounts among those of this mount namespace.</summary>
internal static class LiveMount
{
    /// <summary>Those of one user, all for root: in the order of mounting, one that is bound elsewhere, too, once.</summary>
    public static IEnumerable<MountEntry> Find(MountTable mounts, uint user) =>
        mounts.Entries.Where(IsOurs).Where(entry => user == 0 || Owner(entry) == user).DistinctBy(entry => entry.Device);

    /// <summary>A mount that our daemon serves, or has served.</summary>
    public static bool IsOurs(MountEntry entry) => entry.Type == "fuse.overlayfuse";

    /// <summary>The path of a mountpoint that the user has named, without symbolic links. The way there may lead through mounts that never answer.</summary>
    /// <param name="mountPoint">As it was named.</param>
    /// <param name="patience">How long to wait.</param>
    /// <exception cref="IOException">It cannot be looked at, or not in time.</exception>
    public static string RealPath(string mountPoint, TimeSpan patience)
    {
        using Question question = Question.Begin(mountPoint, new Step(StepKind.RealPath));
        if (!question.Await(patience))
            throw new IOException(string.Create(
                CultureInfo.InvariantCulture,
                $"{mountPoint}: cannot be looked at in {patience.TotalSeconds:0} s: a mount on the way does not answer; name it by another path"));
        return question.Replies is [{ Error: Errno.None } found] ? NativeText.From(found.Data) : throw new IOException(
            $"{mountPoint}: cannot be looked at ({(question.Replies is [var failed] ? failed.Error : Errno.EIO)}); name the mountpoint of a live overlayfuse mount");
    }

    /// <summary>Who has mounted it; null when mountinfo does not tell.</summary>
    public static uint? Owner(MountEntry entry) => uint.TryParse(entry.Option("user_id"), out uint uid) ? uid : null;
}
