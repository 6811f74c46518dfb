using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// The kind of marks in an upper, as its root shows. A mount does not see marks of the other kind, so deleted files would come back. Used
/// only if the command line does not name the kind.
/// </summary>
internal static class UpperMarks
{
    private static readonly string[] s_names = ["uuid", "impure", "origin"];

    /// <summary>Decides <see cref="OverlayOptions.UserXattr"/>.</summary>
    /// <param name="upper">The upper layer.</param>
    /// <param name="work">The work directory, not emptied yet.</param>
    /// <param name="options">The options of the mount.</param>
    /// <returns>Null: the kind that the mounter may write.</returns>
    /// <exception cref="MountRefusedException">The marks cannot be read, or an option excludes them.</exception>
    public static bool? Choose(LayerPlace upper, LayerPlace work, OverlayOptions options)
    {
        if (options.UserXattr is not null || HasAny(upper, OverlayXattr.TrustedPrefix))
            return options.UserXattr;
        bool isUser = HasAny(upper, OverlayXattr.UserPrefix);
        if (!UserNamespace.IsRootOfFirst())
        {
            if (!isUser)
                RefuseWorkOfOthers(upper, work);
            return null;
        }
        if (isUser)
            RefuseNeedOfTrusted(upper, options);
        return isUser ? true : null;
    }

    private static bool HasAny(LayerPlace upper, string prefix) =>
        s_names.Any(name => Sys.GetXattrAt(upper.Fd, Name.Empty, Name.From(prefix + name), default, out _) == Errno.None);

    private static void RefuseNeedOfTrusted(LayerPlace upper, OverlayOptions options)
    {
        string? needy = options.Metacopy ? "metacopy=on"
            : options.Redirect is RedirectMode.On ? "redirect_dir=on"
            : options.Redirect is RedirectMode.Follow ? "redirect_dir=follow (off means the same)"
            : options.Verity != VerityMode.Off ? "verity=on" : null;
        if (needy is not null)
            throw new MountRefusedException(
                $"{upper}: was written with marks user.overlay.* (userxattr), which {needy} cannot stand with; leave that out, "
                + "or, if nothing was deleted there, take its marks away: "
                + $"setfattr -x user.overlay.uuid {upper.Path} (and impure, origin)");
    }

    /// <summary>
    /// Refuses a work directory that another user has used. An ordinary user sees no xattr trusted.*, and the other user's mount may have
    /// written some.
    /// </summary>
    private static void RefuseWorkOfOthers(LayerPlace upper, LayerPlace work)
    {
        if (Sys.StatxAt(work.Fd, Name.From("work"), out Statx stat) == Errno.None && stat.Uid != Sys.EffectiveUid)
            throw new MountRefusedException(
                $"{upper}: was mounted by another user (of {work.Path}/work), whose marks trusted.overlay.* this user cannot see: "
                + "what was deleted would come back; "
                + $"mount it as that user, or, if nothing was deleted there, remove {work.Path}/work as that user");
    }
}
