using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// Opens the real files of inodes and keeps their descriptors, which belong to the inode, not to a FUSE handle (<see cref="OpenFile"/>).
/// The ways of file access share it. The open lock of the inode guards <see cref="Inode.Open"/>.
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="idleFiles">The files that no client is known to have open.</param>
internal sealed class OpenDescriptors(MergedView view, FileCache idleFiles)
{
    /// <summary>Opens the real file that a request needs. The caller does not hold the open lock.</summary>
    public Errno Open(Inode inode, bool write, out BorrowedFd file)
    {
        lock (inode.OpenLock)
        {
            OpenFile open = inode.Open ?? new OpenFile();
            while (!(write ? open.TryBorrowForWrite(out file) : open.TryBorrowForRead(out file)))
            {
                Errno error;
                if ((error = OpenAgain(inode, open)) != Errno.None)
                    return error;
                if (write && !open.IsWritable)
                    return Errno.EPERM;
            }
            inode.Open = open;
            return Errno.None;
        }
    }

    /// <summary>Opens the data for reading; of a lower file, too.</summary>
    public Errno OpenForReading(Inode inode, out Fd fd) => view.Files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out fd);

    /// <summary>Opens the upper file for reading and writing, or for appending if it has chattr +a itself. Under the open lock.</summary>
    public Errno OpenForWriting(Inode inode, OpenFile open, out Fd fd)
    {
        const OpenFlags access = OpenFlags.ReadWrite | OpenFlags.NonBlock;
        Errno error = view.Files.OpenData(inode, access, out fd);
        open.OnlyAppends = error == Errno.EPERM;
        return open.OnlyAppends ? view.Files.OpenData(inode, access | OpenFlags.Append, out fd) : error;
    }

    /// <summary>If an inode is open, opens the real file that it has now. Under the open lock.</summary>
    public void OpenAgainIfHeld(Inode inode)
    {
        // Without a descriptor the next read tries again; old data would stay.
        if (inode.Open is { } open && (open.Count == 0 || OpenAgain(inode, open) != Errno.None))
            open.Close();
    }

    private Errno OpenAgain(Inode inode, OpenFile open)
    {
        bool writable = inode.HasUpper && inode.Data is null;
        Errno error = writable ? OpenForWriting(inode, open, out Fd fd) : OpenForReading(inode, out fd);
        // A daemon without CAP_DAC_OVERRIDE and a file that its owner may not write; chattr +i.
        if (error is Errno.EACCES or Errno.EPERM && writable)
        {
            writable = false;
            error = OpenForReading(inode, out fd);
        }
        if (error != Errno.None)
            return error;
        if (open.Count > 0)
            open.Set(new SafeFd(fd), writable);
        else
            SetIdle(open, fd, writable);
        return Errno.None;
    }

    /// <summary>
    /// Takes over the descriptor of a new file that a client holds open. The caller counts the open. Under the open lock.
    /// </summary>
    public OpenFile AddHeld(Inode inode, Fd writable)
    {
        OpenFile open = inode.Open ?? new OpenFile();
        open.Set(new SafeFd(writable), writable: true);
        // Another client has opened it already: one file is counted once.
        if (open.Count > 0)
            view.Reserve.Close();
        inode.Open = open;
        return open;
    }

    /// <summary>Takes over the descriptor of a new file that no client is known to have open. Under the open lock.</summary>
    public void AddIdle(Inode inode, Fd writable)
    {
        OpenFile open = inode.Open ?? new OpenFile();
        if (open.Count > 0)
            open.Set(new SafeFd(writable), writable: true);
        else
            SetIdle(open, writable, writable: true);
        inode.Open = open;
    }

    private void SetIdle(OpenFile open, Fd fd, bool writable)
    {
        SafeFd file = idleFiles.Own(fd);
        open.Set(file, writable);
        idleFiles.Add(open, file);
    }

    /// <summary>The last open has ended. Under the open lock.</summary>
    public void Drop(Inode inode, OpenFile open)
    {
        inode.Open = null;
        open.Close();
        view.Reserve.Close();
    }

    /// <summary>
    /// Holds an upper inode whose name is about to go, so that its users can go on. Under the lock of its names. If the reserve is used up,
    /// an inode that no client reads or writes is let go: a client can no longer ask for its attributes.
    /// </summary>
    /// <returns>ENFILE if a client may have it open and the reserve is used up.</returns>
    public Errno Pin(Inode? inode, Fd upper, Name name, bool mayBeOpen)
    {
        if (inode is null || inode.Pinned is not null)
            return Errno.None;
        if (!view.Reserve.HasRoom)
            return inode.Type == FileType.Regular && mayBeOpen ? Errno.ENFILE : Errno.None;
        Errno error;
        if ((error = Sys.OpenAt(upper, name, OpenFlags.Path | OpenFlags.NoFollow, out Fd opened)) != Errno.None)
            return error;
        inode.Pinned = new SafeFd(opened);
        return Errno.None;
    }

    /// <summary>Lets go of <see cref="Pin"/>: the name did not go, or another is known.</summary>
    public static void Unpin(Inode inode)
    {
        if (inode.IsLeftBehind)
            return;
        SafeFd? pinned = inode.Pinned;
        inode.Pinned = null;
        pinned?.Release();
    }
}
