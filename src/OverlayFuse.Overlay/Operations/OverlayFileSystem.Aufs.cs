using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// An upper in which deletions are files (<see cref="OverlayOptions.AufsWhiteouts"/>). A mark and a name beside it cannot change places in
/// one step: the mark comes first and goes last, so that at no time what is deleted below is seen.
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>Names that nobody may give there.</summary>
    internal bool IsAufsMark(Name name) => _options.AufsWhiteouts && AufsWhiteout.IsMark(name);

    /// <summary>Whether a name that the upper directory has not is deleted there.</summary>
    internal Errno HidesInUpper(Inode parent, Fd upper, Name name, out bool hides)
    {
        hides = IsAufsMark(name);
        return hides || !_options.AufsWhiteouts
            ? Errno.None
            : AufsWhiteout.Hides(upper, ref parent.Directory!.UpperHasAufsWhiteouts, name, out hides);
    }

    /// <summary>Whether an upper directory hides what lies below it.</summary>
    internal Errno IsOpaqueInUpper(Inode parent, Fd upper, Name name, out bool opaque)
    {
        Errno error = Opaque.IsMarked(_xattrs, upper, name, out opaque);
        if (error != Errno.None || opaque || !_options.AufsWhiteouts)
            return error;
        error = HidesInUpper(parent, upper, name, out opaque);
        return error != Errno.None || opaque ? error : Opaque.IsMarkedByAufs(upper, name, out opaque);
    }

    /// <summary>Makes an upper directory, or one in work, opaque.</summary>
    private Errno MarkOpaque(Fd parent, Name name)
    {
        Errno error = Opaque.Mark(_xattrs, parent, name);
        return error == Errno.None && _options.AufsWhiteouts ? Opaque.MarkForAufs(parent, name) : error;
    }

    /// <summary>Deletes what the upper and lower layers have of a name. Under the lock of its names.</summary>
    private Errno CoverByAufs(Inode parent, Fd upper, Name name, bool inUpper)
    {
        if (MarkDeleted(parent, upper, name) is not Errno.None and var error)
            return error;
        if (!inUpper)
            return Errno.None;
        using var entry = new WorkEntry(_work!); // takes it, with the marks in it if it is a directory
        error = entry.TakeFrom(upper, name);
        return error == Errno.EXDEV ? TreeRemover.Remove(upper, name) : error; // a directory that the upper's own overlay merges
    }

    private Errno MarkDeleted(Inode parent, Fd upper, Name name)
    {
        Errno error = AufsWhiteout.Make(upper, name);
        if (error == Errno.None)
            parent.Directory!.UpperHasAufsWhiteouts = Known.Yes;
        return error;
    }

    /// <summary>A name is there again.</summary>
    private Errno MarkPresent(Inode parent, Fd upper, Name name) =>
        _options.AufsWhiteouts && parent.Directory!.UpperHasAufsWhiteouts != Known.No ? AufsWhiteout.Remove(upper, name) : Errno.None;

    /// <summary>A directory where one was deleted: opaque from its first moment.</summary>
    private Errno MakeOverAufsMark(in UpperName place, in Creation creation)
    {
        var entry = new WorkEntry(_work!);
        try
        {
            if (MakeInWork(place.Parent, place.Upper, creation, entry, out _) is not Errno.None and var error)
                return error;
            error = MarkOpaque(entry.Directory, entry.Name);
            return error == Errno.None ? entry.MoveTo(place.Upper, place.Name, RenameFlags.NoReplace) : error;
        }
        finally
        {
            entry.Dispose();
        }
    }

    /// <summary>rename(2) in the upper, the old name marked before it goes and the new one unmarked when it is there.</summary>
    private Errno RenameOverAufsMarks(in Renaming rename, Fd oldUpper, Fd newUpper, bool cover)
    {
        if (cover && MarkDeleted(rename.OldParent, oldUpper, rename.OldName) is not Errno.None and var error)
            return error;
        error = Sys.RenameAt(oldUpper, rename.OldName, newUpper, rename.NewName);
        return error == Errno.None ? MarkPresent(rename.NewParent, newUpper, rename.NewName) : error;
    }
}
