using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay.Work;

/// <summary>
/// Removes trees in the work directory: what crashed copy-ups left, directories that were exchanged out of the upper, and whatever else is
/// there. How deep a tree is, was somebody's choice: so it is walked in a loop, one directory open at a time, and up again by "..".
/// </summary>
internal static class TreeRemover
{
    private const OpenFlags DirectoryFlags = OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow;

    private static Name Parent => new("..\0"u8);

    /// <summary>Removes an entry and all below it; nothing there is fine.</summary>
    public static Errno Remove(Fd directory, Name name)
    {
        Errno error;
        if ((error = Unlink(directory, name, out bool mayBeDirectory)) != Errno.None || !mayBeDirectory)
            return error;
        if ((error = Sys.OpenAt(directory, name, DirectoryFlags, out Fd opened)) != Errno.None)
            return error == Errno.ENOENT ? Errno.None : error;
        using (var content = new ScopedFd(opened))
            error = RemoveContent(content);
        return error == Errno.None ? Sys.RmDirAt(directory, name) : error;
    }

    /// <summary>Removes all that a directory holds, but for one name.</summary>
    public static Errno RemoveContent(Fd directory, Name kept = default)
    {
        using var top = new OwnerWritable(directory); // who has it open goes on seeing its mode; those below it have no part in the view
        byte[] buffer = new byte[8 * 1024];
        var way = new Stack<Identity>(); // from below the directory to where the removal is
        Identity emptied = default;
        Fd here = directory;
        Errno error;
        while ((error = RemoveEntries(here, way.Count == 0 ? kept : default, buffer, out Fd next)) == Errno.None)
        {
            bool isEmpty = !next.IsOpen;
            if (isEmpty && way.Count == 0)
                return Errno.None;
            if (isEmpty)
            {
                emptied = way.Pop();
                error = way.Count == 0 ? Errno.None : Sys.OpenAt(here, Parent, DirectoryFlags, out next);
            }
            CloseUnless(directory, here);
            here = next.IsOpen ? next : directory;
            if (error != Errno.None || (error = Arrive(here, isEmpty, emptied, way)) != Errno.None)
                break;
        }
        CloseUnless(directory, here);
        return error;
    }

    /// <summary>Takes note of a directory that was entered, or sees to it that ".." has led back to where the removal came from.</summary>
    /// <returns>ENOTEMPTY for one that somebody fills again; ESTALE when somebody has moved it meanwhile.</returns>
    private static Errno Arrive(Fd here, bool isBack, Identity emptied, Stack<Identity> way)
    {
        if (isBack && way.Count == 0)
            return Errno.None;
        Errno error;
        if ((error = Sys.FStatx(here, out Statx stat)) != Errno.None)
            return error;
        var identity = new Identity(stat.Dev, stat.Ino);
        if (isBack)
            return identity == way.Peek() ? Errno.None : Errno.ESTALE;
        way.Push(identity);
        if (Sys.EffectiveUid != 0)
            _ = Sys.FChModAt(here, Name.Empty, 0x1C0); // an owner without CAP_DAC_OVERRIDE could not list it; if it fails, listing tells
        return identity == emptied ? Errno.ENOTEMPTY : Errno.None;
    }

    /// <summary>Removes entries up to the first directory that holds something.</summary>
    /// <param name="directory">Where they are.</param>
    /// <param name="kept">A name that stays.</param>
    /// <param name="buffer">For their names.</param>
    /// <param name="entered">That directory; none when nothing is left.</param>
    private static Errno RemoveEntries(Fd directory, Name kept, byte[] buffer, out Fd entered)
    {
        entered = Fd.None;
        Errno error;
        if ((error = Sys.OpenAt(directory, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened)) != Errno.None)
            return error;
        using var listed = new ScopedFd(opened);
        while ((error = Sys.GetDents(listed, buffer, out int length)) == Errno.None && length > 0)
        {
            var records = new DirectoryRecords(buffer.AsSpan(0, length));
            while (records.MoveNext())
            {
                if (records.Name.Equals(kept))
                    continue;
                if ((error = RemoveEntry(directory, records.Name, out entered)) != Errno.None || entered.IsOpen)
                    return error;
            }
        }
        return error;
    }

    /// <summary>Removes a file or an empty directory, or opens one that holds something.</summary>
    private static Errno RemoveEntry(Fd directory, Name name, out Fd entered)
    {
        entered = Fd.None;
        Errno error = Unlink(directory, name, out bool mayBeDirectory);
        if (!mayBeDirectory)
            return error;
        if ((error = Sys.RmDirAt(directory, name)) is not (Errno.ENOTEMPTY or Errno.EEXIST))
            return error == Errno.ENOENT ? Errno.None : error;
        return Sys.OpenAt(directory, name, DirectoryFlags, out entered);
    }

    private static Errno Unlink(Fd directory, Name name, out bool mayBeDirectory)
    {
        Errno error = Sys.UnlinkAt(directory, name);
        mayBeDirectory = error is Errno.EISDIR or Errno.EPERM;
        return mayBeDirectory || error == Errno.ENOENT ? Errno.None : error;
    }

    private static void CloseUnless(Fd directory, Fd here)
    {
        if (here != directory)
            Sys.Close(here);
    }

    private readonly record struct Identity(ulong Dev, ulong Ino);
}
