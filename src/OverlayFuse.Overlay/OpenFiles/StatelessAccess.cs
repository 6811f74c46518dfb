using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// io=stateless: the kernel opens and closes files without the daemon (FUSE's NO_OPEN_SUPPORT).
/// OPEN and RELEASE: no message. READ: one message, one pread(2). WRITE: one message, one pwrite(2), and a check of the protections.
/// The first READ or WRITE of an idle file opens it; <see cref="FileCache"/> closes the files that were used least lately.
/// The daemon does not know which files are open: the checks of an open are made by each change.
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="descriptors">The descriptors of inodes.</param>
/// <param name="caching">The caching that the options allow.</param>
internal sealed class StatelessAccess(MergedView view, OpenDescriptors descriptors, KernelCaching caching) : IFileAccess
{
    private const uint GroupWrites = 0x10;
    private const uint OthersWrite = 0x2;

    public IoMode EffectiveIo => IoMode.Stateless;

    public Errno RequireHandles() => Errno.ENOSYS;

    /// <summary>Not called: the caller asks <see cref="RequireHandles"/> first.</summary>
    public Errno Open(Inode inode, OpenFlags flags, out OpenOut opened)
    {
        opened = default;
        return Errno.ENOSYS;
    }

    public OpenOut ReplyTo(Inode inode, OpenFlags flags) => new() { Flags = caching.OpenReply };

    /// <summary>No open was counted. A RELEASE comes only before the first OPEN was answered.</summary>
    public void Release(Inode inode)
    {
    }

    /// <summary>A write follows, most of the time.</summary>
    public bool KeepsMadeNodes => true;

    public void AddMade(Inode inode, Fd writable)
    {
        lock (inode.OpenLock)
            descriptors.AddIdle(inode, writable);
    }

    /// <summary>
    /// The open of a TMPFILE is not counted: after the first OPEN the kernel sends no RELEASE (fuse_conn.no_open). The pinned descriptor
    /// counts until FORGET.
    /// </summary>
    public void AddUnnamed(Inode inode, Fd writable)
    {
        lock (inode.OpenLock)
            descriptors.AddIdle(inode, writable);
        view.Reserve.Close();
    }

    public void FollowRealFile(Inode inode)
    {
        // An open may just have found the lower file.
        lock (inode.OpenLock)
            descriptors.OpenAgainIfHeld(inode);
    }

    public Errno BorrowForRead(Inode inode, out BorrowedFd file)
    {
        file = default;
        return inode.Open is { } open && open.TryBorrowForRead(out file) ? Errno.None : descriptors.Open(inode, write: false, out file);
    }

    public Errno BorrowForWrite(Inode inode, out BorrowedFd file)
    {
        file = default;
        return inode.Open is { } open && open.TryBorrowForWrite(out file) ? Errno.None : Errno.EAGAIN;
    }

    public Errno OpenForWrite(Inode inode, out BorrowedFd file) => descriptors.Open(inode, write: true, out file);

    /// <summary>Each regular file may be open.</summary>
    public Errno Pin(Inode? inode, Fd upper, Name name) => descriptors.Pin(inode, upper, name, mayBeOpen: true);

    public NotedWrite BeginWrite(Inode inode, Fd file) => default;

    public Errno CollectBeforeSeek(Inode inode, ulong from) => Errno.None;

    public bool AllowsPartialCopies => true;

    public Validity AttributeValidityOf(Inode inode) => caching.Attributes;

    public void AttributesChanged(Inode inode)
    {
    }

    /// <summary>No open was checked, so each WRITE is.</summary>
    public Protection StopsWrite(OpenFlags flags) => (flags & OpenFlags.Append) != 0 ? Protection.Immutable : Protection.Any;

    public Protection StopsCopy => Protection.Any;

    public bool IsOpenForWriting(Inode inode) => false;

    /// <summary>True if the mode lets the caller open the file for writing. An ACL counts in favour of the caller.</summary>
    public bool MayBeWritingUntold(in FuseRequest request, Inode inode, in Statx stat)
    {
        if ((stat.Permissions & (GroupWrites | OthersWrite)) != GroupWrites)
            return (stat.Permissions & OthersWrite) != 0;
        if (view.Owners.MayKeepSetGid(request, stat) || view.Files.Locate(inode, out FoundFile real) != Errno.None)
            return true;
        using (real)
            return Sys.GetXattrAt(real.Directory, real.Name, AclIds.AccessXattr, default, out _) == Errno.None;
    }

    public bool ChangesDropSetIds => true;

    public bool IsTruncationByPath(in SetAttrIn input) => (input.Valid & SetAttrValid.Handle) == 0 && input.Size != 0;

    public bool HasTimesAlready(Inode inode, in SetAttrIn input) => false;

    public bool IsTimeOfChange(in SetAttrIn input) => false;

    public void NoteTime(Inode inode, in SetAttrIn input)
    {
    }
}
