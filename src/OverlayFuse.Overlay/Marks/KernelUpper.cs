using OverlayFuse.Linux;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// The kernel's form: a deletion is a <see cref="Whiteout"/> under the name, an opaque directory has xattr "opaque" (ovl_do_remove,
/// ovl_rename).
/// </summary>
/// <param name="xattrs">The private names.</param>
/// <param name="work">The directory where entries are prepared; null on a mount that writes nothing.</param>
/// <param name="whiteouts">Creates whiteouts; null on a mount that writes nothing.</param>
internal sealed class KernelUpper(OverlayXattr xattrs, WorkDirectory? work, Whiteout? whiteouts) : IUpperForm
{
    public bool HasMarkFiles => false;

    public bool IsReserved(Name name) => false;

    public Errno Hides(Fd upper, ref Known marks, Name name, out bool hides)
    {
        hides = false;
        return Errno.None;
    }

    public Errno IsOpaque(Fd upper, ref Known marks, Name name, out bool opaque) => Opaque.IsMarked(xattrs, upper, name, out opaque);

    public Errno MarkOpaque(Fd parent, Name name) => Opaque.Mark(xattrs, parent, name);

    public Errno Cover(Fd upper, ref Known marks, Name name, UpperEntry entry) =>
        entry == UpperEntry.None ? whiteouts!.Make(upper, name) : Replace(upper, name, entry);

    public Errno Appeared(Fd upper, ref Known marks, Name name) => Errno.None;

    public Errno Rename(in UpperRename rename, ref Known oldMarks, ref Known newMarks)
    {
        // In an exchange the whiteout goes to the old name.
        bool exchange = rename.OverWhiteout && (rename.Covers || rename.IsDirectory);
        RenameFlags flags = exchange ? RenameFlags.Exchange : rename.Covers ? RenameFlags.Whiteout : RenameFlags.None;
        Errno error = Sys.RenameAt(rename.OldUpper, rename.OldName, rename.NewUpper, rename.NewName, flags);
        if (error == Errno.None && exchange && !rename.Covers)
            // A whiteout over nothing does no harm if it stays.
            _ = Sys.UnlinkAt(rename.OldUpper, rename.OldName);
        // EINVAL: a file system without RENAME_WHITEOUT.
        return error == Errno.EINVAL && flags == RenameFlags.Whiteout ? RenameThenCover(rename) : error;
    }

    /// <summary>Renames where the disk cannot leave a whiteout in the same step. If no whiteout can be made, nothing is renamed.</summary>
    private Errno RenameThenCover(in UpperRename rename)
    {
        var entry = new WorkEntry(work!);
        try
        {
            Errno error;
            if ((error = whiteouts!.Make(entry.Directory, entry.Name)) != Errno.None)
                return error;
            if ((error = Sys.RenameAt(rename.OldUpper, rename.OldName, rename.NewUpper, rename.NewName)) != Errno.None)
                return error;
            return entry.MoveTo(rename.OldUpper, rename.OldName);
        }
        finally
        {
            entry.Dispose();
        }
    }

    /// <summary>
    /// Replaces an entry by a whiteout. A directory goes to work in exchange, and is removed there with the whiteouts in it.
    /// </summary>
    private Errno Replace(Fd upper, Name name, UpperEntry there)
    {
        var entry = new WorkEntry(work!);
        try
        {
            Errno error;
            if ((error = whiteouts!.Make(entry.Directory, entry.Name)) != Errno.None)
                return error;
            return there == UpperEntry.Directory ? entry.ExchangeWith(upper, name) : entry.MoveTo(upper, name);
        }
        finally
        {
            entry.Dispose();
        }
    }
}
