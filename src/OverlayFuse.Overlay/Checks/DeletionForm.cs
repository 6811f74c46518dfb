using OverlayFuse.Linux;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// Whether deletions in an upper are files ".wh.NAME" because whiteout devices cannot be made there: on the kernel's overlayfs, and by ordinary users before 5.8.
/// xattr "whnames" on the upper root says so from then on: the same upper may come to lie where devices can be made, and its deletions must stay.
/// </summary>
internal static class DeletionForm
{
    /// <summary>What an overlay has made of the note on its own disk, where the same upper can be mounted, too.</summary>
    private static readonly string[] s_fromOutside = [OverlayXattr.TrustedPrefix + "overlay.whnames", OverlayXattr.UserPrefix + "overlay.whnames"];

    /// <summary>Decides, and notes on the upper what was decided.</summary>
    /// <param name="upper">The upper layer.</param>
    /// <param name="options">A read-only mount writes no note.</param>
    /// <param name="marks">What can be made there.</param>
    /// <exception cref="MountRefusedException">The note cannot be written.</exception>
    public static bool IsByName(LayerPlace upper, OverlayOptions options, PossibleMarks marks)
    {
        Name note = Name.From((marks.AreUserXattrs ? OverlayXattr.UserPrefix : OverlayXattr.TrustedPrefix) + "whnames");
        bool isNoted = Has(upper, note) || s_fromOutside.Any(name => Has(upper, Name.From(name)));
        if (isNoted || marks.HasWhiteouts || options.ReadOnly)
            return isNoted;
        Errno error = Sys.SetXattrAt(upper.Fd, Name.Empty, note, "y"u8);
        return error == Errno.None ? true : throw new MountRefusedException(
            $"{upper}: takes no whiteouts, and no note (xattr) that deletions are marked by names instead ({error}); put upperdir and workdir on ext4, xfs, btrfs or tmpfs");
    }

    private static bool Has(LayerPlace upper, Name note) => Sys.GetXattrAt(upper.Fd, Name.Empty, note, default, out _) == Errno.None;
}
