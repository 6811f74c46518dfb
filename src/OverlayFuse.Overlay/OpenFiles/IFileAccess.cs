using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// The way in which files are opened, read and written. Each legal mode is one implementation: <see cref="StatelessAccess"/>,
/// <see cref="HandleAccess"/>, <see cref="PassthroughAccess"/>, <see cref="WriteBackAccess"/>. <see cref="FileAccessChoice"/> picks one at
/// INIT. Open locks (<see cref="Inode.OpenLock"/>) guard the descriptors; a caller holds none of them.
/// </summary>
internal interface IFileAccess
{
    /// <summary>The mode in the words of io=.</summary>
    IoMode EffectiveIo { get; }

    /// <returns>ENOSYS if this mode has no handles. The kernel then sends no more OPEN and CREATE (fuse_conn.no_open, no_create).</returns>
    Errno RequireHandles();

    /// <summary>Counts one more open of an inode, and opens the real file if needed. A writer's inode has its upper file already.</summary>
    /// <returns>
    /// ESTALE if the inode was left behind: the VFS looks its name up again. ENFILE if clients hold all the files that they may.
    /// </returns>
    Errno Open(Inode inode, OpenFlags flags, out OpenOut opened);

    /// <summary>Tells the kernel the treatment of one more open of an inode. The caller holds that open.</summary>
    OpenOut ReplyTo(Inode inode, OpenFlags flags);

    /// <summary>Ends one open of an inode.</summary>
    void Release(Inode inode);

    /// <summary>True if MKNOD of a regular file keeps the descriptor, because reads and writes follow without an OPEN.</summary>
    bool KeepsMadeNodes { get; }

    /// <summary>
    /// Takes over the descriptor of a file that CREATE or MKNOD has made. CREATE has asked <see cref="DescriptorReserve"/> for it.
    /// </summary>
    void AddMade(Inode inode, Fd writable);

    /// <summary>Takes over the descriptor of a file that TMPFILE has made, which has a handle in each mode.</summary>
    void AddUnnamed(Inode inode, Fd writable);

    /// <summary>After a copy-up or a change of the layers: open files go on with the real file that the inode has now.</summary>
    void FollowRealFile(Inode inode);

    /// <summary>The descriptor for reading.</summary>
    /// <returns>EBADF if this mode has handles and none is open.</returns>
    Errno BorrowForRead(Inode inode, out BorrowedFd file);

    /// <summary>The descriptor for writing, if there is one already.</summary>
    /// <returns>
    /// EAGAIN if the caller must copy up and call <see cref="OpenForWrite"/>. EBADF if this mode has handles and none is open.
    /// </returns>
    Errno BorrowForWrite(Inode inode, out BorrowedFd file);

    /// <summary>Opens the upper file of an inode for a request that writes.</summary>
    /// <returns>EBADF if this mode has handles and none is open.</returns>
    Errno OpenForWrite(Inode inode, out BorrowedFd file);

    /// <summary>Holds an upper inode before its name goes, so that its users go on. Under the lock of its names.</summary>
    /// <returns>ENFILE if a client may have it open and the reserve is used up.</returns>
    Errno Pin(Inode? inode, Fd upper, Name name);

    /// <summary>Begins a WRITE. The result is disposed when the data are in the file.</summary>
    NotedWrite BeginWrite(Inode inode, Fd file);

    /// <summary>Before LSEEK: collects what the kernel holds of a file.</summary>
    /// <returns>ENOSYS if too many requests wait for that. The kernel then takes each file for data without holes.</returns>
    Errno CollectBeforeSeek(Inode inode, ulong from);

    /// <summary>True if a file can be read from two real files in turn, as a copy that is still being made needs.</summary>
    bool AllowsPartialCopies { get; }

    /// <summary>The time for which the kernel may use attributes.</summary>
    Validity AttributeValidityOf(Inode inode);

    /// <summary>The attributes of an inode were changed.</summary>
    void AttributesChanged(Inode inode);

    /// <summary>The protections that stop a WRITE. None if the open was checked.</summary>
    Protection StopsWrite(OpenFlags flags);

    /// <summary>The protections that stop copy_file_range(2) to a file.</summary>
    Protection StopsCopy { get; }

    /// <summary>True if a client is known to have an inode open for writing.</summary>
    bool IsOpenForWriting(Inode inode);

    /// <summary>True if the caller may have an inode open for writing although the daemon was not told.</summary>
    bool MayBeWritingUntold(in FuseRequest request, Inode inode, in Statx stat);

    /// <summary>
    /// True if each change of data drops set-uid and set-gid by itself, because the kernel's demand for it may have been refused.
    /// </summary>
    bool ChangesDropSetIds { get; }

    /// <summary>True for truncate(2), false for ftruncate(2) and open(2) with O_TRUNC, which change the time of an empty file.</summary>
    bool IsTruncationByPath(in SetAttrIn input);

    /// <summary>True if SETATTR brings the very times that a lower file has.</summary>
    bool HasTimesAlready(Inode inode, in SetAttrIn input);

    /// <summary>
    /// True if SETATTR brings the time at which the kernel has changed the file. utimensat(2) with a given time brings another.
    /// </summary>
    bool IsTimeOfChange(in SetAttrIn input);

    /// <summary>SETATTR brings a time, which the caller sets next.</summary>
    void NoteTime(Inode inode, in SetAttrIn input);
}
