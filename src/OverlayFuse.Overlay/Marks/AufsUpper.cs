using OverlayFuse.Linux;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// The form of AUFS, for disks that take neither devices nor private xattrs: a deletion is a file ".wh.NAME" beside the name, an opaque
/// directory holds ".wh..wh..opq". Mark and file cannot change in one step. The mark comes first and goes last, so that a deleted file is
/// seen at no time. A name that is too long for a mark (<see cref="AufsWhiteout.LongestName"/>) is deleted in the kernel's form, in every
/// operation.
/// </summary>
/// <param name="kernel">The kernel's form.</param>
/// <param name="work">The directory that takes removed entries; null on a mount that writes nothing.</param>
internal sealed class AufsUpper(KernelUpper kernel, WorkDirectory? work) : IUpperForm
{
    public bool HasMarkFiles => true;

    public bool IsReserved(Name name) => AufsWhiteout.IsMark(name);

    public Errno Hides(Fd upper, ref Known marks, Name name, out bool hides)
    {
        hides = IsReserved(name);
        return hides ? Errno.None : AufsWhiteout.Hides(upper, ref marks, name, out hides);
    }

    public Errno IsOpaque(Fd upper, ref Known marks, Name name, out bool opaque)
    {
        Errno error = kernel.IsOpaque(upper, ref marks, name, out opaque);
        if (error != Errno.None || opaque)
            return error;
        error = Hides(upper, ref marks, name, out opaque);
        return error != Errno.None || opaque ? error : Opaque.IsMarkedByAufs(upper, name, out opaque);
    }

    public Errno MarkOpaque(Fd parent, Name name)
    {
        Errno error = kernel.MarkOpaque(parent, name);
        return error == Errno.None ? Opaque.MarkForAufs(parent, name) : error;
    }

    public Errno Cover(Fd upper, ref Known marks, Name name, UpperEntry entry)
    {
        if (name.Length > AufsWhiteout.LongestName)
            return kernel.Cover(upper, ref marks, name, entry);
        Errno error;
        if ((error = Mark(upper, ref marks, name)) != Errno.None)
            return error;
        if (entry == UpperEntry.None)
            return Errno.None;
        // The entry takes a file, or a directory with the marks in it.
        using var removed = new WorkEntry(work!);
        error = removed.TakeFrom(upper, name);
        // EXDEV: a directory that the upper's own overlay merges.
        return error == Errno.EXDEV ? TreeRemover.Remove(upper, name) : error;
    }

    public Errno Appeared(Fd upper, ref Known marks, Name name) => marks != Known.No ? AufsWhiteout.Remove(upper, name) : Errno.None;

    public Errno Rename(in UpperRename rename, ref Known oldMarks, ref Known newMarks)
    {
        Errno error;
        bool needsWhiteout = rename.OverWhiteout || (rename.Covers && rename.OldName.Length > AufsWhiteout.LongestName);
        if (!needsWhiteout && rename.Covers && (error = Mark(rename.OldUpper, ref oldMarks, rename.OldName)) != Errno.None)
            return error;
        error = needsWhiteout
            ? kernel.Rename(rename, ref oldMarks, ref newMarks)
            : Sys.RenameAt(rename.OldUpper, rename.OldName, rename.NewUpper, rename.NewName);
        return error == Errno.None ? Appeared(rename.NewUpper, ref newMarks, rename.NewName) : error;
    }

    private static Errno Mark(Fd upper, ref Known marks, Name name)
    {
        Errno error = AufsWhiteout.Make(upper, name);
        if (error == Errno.None)
            marks = Known.Yes;
        return error;
    }
}
