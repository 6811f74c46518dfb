using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Live;

/// <summary>The text for a request that a live mount has refused.</summary>
internal static class LiveRefusal
{
    /// <param name="error">The mount's answer.</param>
    /// <param name="mount">Its mountpoint.</param>
    /// <param name="directory">The directory that the request was about, if there was one.</param>
    /// <exception cref="IOException">The mount has refused.</exception>
    public static void Require(Errno error, string mount, string directory = "")
    {
        if (error != Errno.None)
            throw new IOException(Text(error, mount, directory));
    }

    private static string Text(Errno error, string mount, string directory) => error switch
    {
        Errno.ENAMETOOLONG => $"{directory}: its path is too long (4,079 bytes at most); name it by a shorter one",
        Errno.ENOTTY => $"{mount}: is not the root of an overlayfuse mount; see 'findmnt -t fuse.overlayfuse'",
        Errno.EPERM => $"{mount}: belongs to another user; ask as that user or as root",
        Errno.EOPNOTSUPP => $"{mount}: this kernel cannot forget names (FUSE_NOTIFY_INC_EPOCH, 6.16); unmount and mount again",
        Errno.ELOOP => $"{directory}: lies in a layer of {mount}, or holds one; name a directory beside them",
        Errno.E2BIG => $"{mount}: has {OverlayOptions.MostLowers} lower layers, as many as there may be; merge some of them",
        Errno.EBUSY =>
            $"{directory}: in use by another overlay, which may change it, and {mount} was mounted with index=on; unmount that one",
        Errno.EINVAL =>
            $"{mount}: was mounted with nfs_export=on, so its layers stay; unmount it, and mount it with {directory} in lowerdir=",
        Errno.ESTALE => $"{directory}: is another directory where the daemon of {mount} runs; name it by a path that is the same there",
        _ => $"{mount}: {error}{(directory.Length == 0 ? "" : " for " + directory)}; see the daemon's log (-d)",
    };
}
