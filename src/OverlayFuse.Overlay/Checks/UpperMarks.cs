using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// Whose marks an upper has, as its root says: what one kind of mount wrote the other does not see, and what was deleted would come back. Only where
/// the command line does not say which marks to take.
/// </summary>
internal static class UpperMarks
{
    private static readonly string[] s_names = ["uuid", "impure", "origin"];

    /// <summary>What <see cref="OverlayOptions.UserXattr"/> comes to.</summary>
    /// <param name="upper">The upper layer.</param>
    /// <param name="work">The work directory, not emptied yet.</param>
    /// <param name="options">What is to be mounted.</param>
    /// <returns>Null: whatever the mounter may write.</returns>
    /// <exception cref="MountRefusedException">The marks cannot be read, or an option cannot stand with them.</exception>
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
            : options.Redirect is RedirectMode.On or RedirectMode.Follow ? $"redirect_dir={(options.Redirect is RedirectMode.On ? "on" : "follow (off means the same)")}"
            : options.Verity != VerityMode.Off ? "verity=on" : null;
        if (needy is not null)
            throw new MountRefusedException($"{upper}: was written with marks user.overlay.* (userxattr), which {needy} cannot stand with; leave that out, "
                + $"or, if nothing was deleted there, take its marks away: setfattr -x user.overlay.uuid {upper.Path} (and impure, origin)");
    }

    /// <summary>An ordinary user sees no trusted.* at all. That somebody else used the work directory tells that there may be some.</summary>
    private static void RefuseWorkOfOthers(LayerPlace upper, LayerPlace work)
    {
        if (Sys.StatxAt(work.Fd, Name.From("work"), out Statx stat) == Errno.None && stat.Uid != Sys.EffectiveUid)
            throw new MountRefusedException($"{upper}: was mounted by another user (of {work.Path}/work), whose marks trusted.overlay.* this user cannot see: what was "
                + $"deleted would come back; mount it as that user, or, if nothing was deleted there, remove {work.Path}/work as that user");
    }
}
