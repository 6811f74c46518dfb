using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay.Work;

/// <summary>
/// Removes trees in the work directory: leavings of crashed copy-ups, directories that were exchanged out of the upper, and anything else.
/// Users choose the depth of a tree. So the walk is a loop with one open directory at a time, and goes up again by "..".
/// </summary>
public static class TreeRemover
{
    private const OpenFlags DirectoryFlags = OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow;

    private static Name Parent => new("..\0"u8);

    /// <summary>Removes an entry and everything below it. A missing entry is no error.</summary>
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

    /// <summary>Removes the content of a directory, except one name.</summary>
    public static Errno RemoveContent(Fd directory, Name kept = default)
    {
        // A client that has the directory open still sees its mode. The directories below it have no part in the view.
        using var top = new OwnerWritable(directory);
        byte[] buffer = new byte[8 * 1024];
        // The directories from the top, which is left out, to the current one.
        var way = new Stack<Identity>();
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

    /// <summary>
    /// Notes a directory that was entered, or checks that ".." has led back to the directory from which the removal came.
    /// </summary>
    /// <returns>ENOTEMPTY if another process fills the directory again; ESTALE if another process has moved it.</returns>
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
        // An owner without CAP_DAC_OVERRIDE could not list it. If this fails, the listing fails too.
        if (Sys.EffectiveUid != 0)
            _ = Sys.FChModAt(here, Name.Empty, Permissions.OwnerAll);
        return identity == emptied ? Errno.ENOTEMPTY : Errno.None;
    }

    /// <summary>Removes entries up to the first directory that is not empty.</summary>
    /// <param name="directory">The directory of the entries.</param>
    /// <param name="kept">A name that stays.</param>
    /// <param name="buffer">Room for their names.</param>
    /// <param name="entered">That directory; none if no entry is left.</param>
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

    /// <summary>Removes a file or an empty directory, or opens a directory that is not empty.</summary>
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
