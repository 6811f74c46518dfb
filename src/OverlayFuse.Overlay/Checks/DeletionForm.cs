using OverlayFuse.Linux;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// The form of deletions in an upper. They are files ".wh.NAME" if whiteout devices cannot be made there: on the kernel's overlayfs, and by
/// ordinary users before Linux 5.8. The xattr "whnames" on the upper's root then notes this form. The note keeps the deletions valid if the
/// same upper is later mounted where devices can be made.
/// </summary>
internal static class DeletionForm
{
    /// <summary>The note as an overlay escapes it on its own disk. The same upper can also be mounted from there.</summary>
    private static readonly string[] s_fromOutside =
        [OverlayXattr.TrustedPrefix + "overlay.whnames", OverlayXattr.UserPrefix + "overlay.whnames"];

    /// <summary>True if deletions are marked by names. Notes it on the upper.</summary>
    /// <param name="upper">The upper layer.</param>
    /// <param name="options">A read-only mount writes no note.</param>
    /// <param name="marks">The marks that the upper can hold.</param>
    /// <exception cref="MountRefusedException">The note cannot be written.</exception>
    public static bool IsByName(LayerPlace upper, OverlayOptions options, PossibleMarks marks)
    {
        Name note = Name.From((marks.AreUserXattrs ? OverlayXattr.UserPrefix : OverlayXattr.TrustedPrefix) + "whnames");
        bool isNoted = Has(upper, note) || s_fromOutside.Any(name => Has(upper, Name.From(name)));
        if (isNoted || marks.HasWhiteouts || options.ReadOnly)
            return isNoted;
        Errno error = Sys.SetXattrAt(upper.Fd, Name.Empty, note, "y"u8);
        return error == Errno.None ? true : throw new MountRefusedException(
            $"{upper}: takes no whiteouts, and no note (xattr) that deletions are marked by names instead ({error}); "
            + "put upperdir and workdir on ext4, xfs, btrfs or tmpfs");
    }

    private static bool Has(LayerPlace upper, Name note) => Sys.GetXattrAt(upper.Fd, Name.Empty, note, default, out _) == Errno.None;
}
