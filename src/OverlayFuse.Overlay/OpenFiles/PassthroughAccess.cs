using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// io=passthrough: the kernel reads, writes and maps the real file itself.
/// OPEN: one message, as in <see cref="HandleAccess"/>; the first open of an inode also registers a backing file
/// (FUSE_DEV_IOC_BACKING_OPEN). READ and WRITE: no message. RELEASE: one message that no caller waits for; the last one also closes the
/// backing file. All opens of an inode go the way of the first one, through one backing file: the kernel answers EIO to any other
/// (fuse_file_io_open). A small lower file below an upper goes by requests, and opens nothing before its first READ.
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="descriptors">The descriptors of inodes.</param>
/// <param name="caching">The caching that the options allow of files that go by requests.</param>
/// <param name="backingFiles">Registers backing files.</param>
internal sealed class PassthroughAccess(MergedView view, OpenDescriptors descriptors, KernelCaching caching, FuseBackingFiles backingFiles)
    : HandleAccess(view, descriptors, caching)
{
    /// <summary>ST_RDONLY.</summary>
    private const long ReadOnlyMount = 1;

    public override IoMode EffectiveIo => IoMode.Passthrough;

    public override OpenOut ReplyTo(Inode inode, OpenFlags flags)
    {
        if (inode.Open?.Backing is not { } backing)
            return new OpenOut { Flags = CachingOf(inode) };
        if ((flags & OpenFlags.AccessMode) == OpenFlags.ReadWrite && !inode.IsMappable)
        {
            inode.IsMappable = true;
            View.Kernel.InvalidateAttributes(inode);
        }
        return new OpenOut { Flags = OpenReplyFlags.Passthrough, BackingId = backing.Id };
    }

    /// <summary>An upper file that goes by requests may have been written past the cache.</summary>
    private OpenReplyFlags CachingOf(Inode inode) => inode.HasUpper ? Caching.OpenReply & ~OpenReplyFlags.KeepCache : Caching.OpenReply;

    /// <summary>Decides for all opens of the inode: by its real file, or by requests.</summary>
    protected override void FirstOpened(Inode inode, OpenFile open)
    {
        if (!View.Layers.AreLowersReadOnly || !open.TryBorrowForRead(out BorrowedFd file))
            return;
        using (file)
        {
            // The descriptor tells, not the inode, which may have been copied up since it was opened.
            bool isLower = Sys.FStatFs(file, out StatFs about) != Errno.None || (about.Flags & ReadOnlyMount) != 0;
            if (isLower && !MayBackByLower(inode))
                return;
            // ELOOP: the layer is on a stacked file system.
            if (CallerIds.AssumeMounter() != Errno.None || backingFiles.Open(file, out BackingFile? backing) != Errno.None)
                return;
            open.SetBacking(backing, isLower);
        }
    }

    /// <summary>
    /// An open by a lower file stays there after a copy-up. Large files are worth that; without a copy-up it does no harm.
    /// </summary>
    private bool MayBackByLower(Inode inode) => !View.IsWritable || inode.IsLarge;

    /// <summary>The open will go by requests. If the page cache has the data, none comes.</summary>
    protected override bool OpensLate(Inode inode) => inode is { HasUpper: false, Data: null } && !MayBackByLower(inode);

    /// <returns>ESTALE if the inode was left behind: the VFS looks its name up again.</returns>
    protected override Errno RequireCurrent(Inode inode, OpenFile open)
    {
        if (IsOvertaken(inode, open))
            LeaveBehind(inode);
        return inode.IsLeftBehind ? Errno.ESTALE : Errno.None;
    }

    /// <summary>
    /// A file that the kernel reads itself stays what it is. An inode whose open files read an old lower file is left behind.
    /// </summary>
    public override void FollowRealFile(Inode inode)
    {
        lock (inode.OpenLock)
        {
            if (inode.Open is not { Backing: not null } backed)
                Descriptors.OpenAgainIfHeld(inode);
            else if (IsOvertaken(inode, backed))
                LeaveBehind(inode);
        }
    }

    /// <summary>True if an inode's open files read a lower file although its data are in the upper by now.</summary>
    private static bool IsOvertaken(Inode inode, OpenFile open) => open.IsBackedByLower && inode.HasUpper && inode.Data is null;

    /// <summary>
    /// After a copy-up: a client that has the lower file open by passthrough keeps it, with an inode that has lost its names, as if
    /// rename(2) had replaced the file by the copy. The next lookup makes a new inode, which no open binds to the lower file. Under the
    /// open lock.
    /// </summary>
    private void LeaveBehind(Inode inode)
    {
        // If it cannot be held: ESTALE from here on, because its name may soon be another file's.
        if (inode.Pinned is null && PinOpened(inode) != Errno.None)
            inode.Unlinked = true;
        View.Inodes.LeaveBehind(inode);
        // The kernel has its attributes for ever, and changes come by the other inode.
        View.Kernel.InvalidateAttributes(inode);
    }

    /// <summary>Holds the upper file by itself: the names are no longer kept up to date.</summary>
    private Errno PinOpened(Inode inode)
    {
        Errno error;
        if ((error = View.Files.Locate(inode, out FoundFile real)) != Errno.None)
            return error;
        using (real)
            return inode.Pinned is null ? Pin(inode, real.Directory, real.Name) : Errno.None;
    }

    /// <summary>The kernel reads one real file only.</summary>
    public override bool AllowsPartialCopies => false;

    /// <summary>
    /// No time at all for a file that may be mapped, because a store into a mapping of the real file sends no message, and for an inode
    /// that was left behind, because changes come through another inode.
    /// </summary>
    public override Validity AttributeValidityOf(Inode inode) => inode.IsMappable || inode.IsLeftBehind ? default : Caching.Attributes;

    /// <summary>A change through an inode that was left behind is one of the inode that has its name now.</summary>
    public override void AttributesChanged(Inode inode)
    {
        if (inode.IsLeftBehind && View.Inodes.OfUpperFile(inode.UpperIno) is { } successor)
            View.Kernel.InvalidateAttributes(successor);
    }
}
