using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>
/// Copy-up: the first change of a lower file makes its copy in the upper layer (fs/overlayfs/copy_up.c). The copy is made in the work
/// directory and put in place when it is whole and its data are on the disk (ovl_copy_up_file), unless the mount is volatile; so neither
/// another process nor a crash ever shows half of it. Parents first; one copier per inode, which others wait for; an interrupted request or the end of the mount stops it.
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="work">Where copies are made.</param>
/// <param name="access">Open files, which go on with the copy.</param>
/// <param name="indexed">Names of files in the index.</param>
internal sealed partial class CopyUp(MergedView view, WorkDirectory work, FileAccessChoice access, IndexedNames indexed)
{
    /// <summary>How often a waiting request looks whether it was interrupted.</summary>
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(50);

    /// <summary>In place of a limit: with metacopy=on the data may stay below.</summary>
    public const long NoData = -1;

    private long _copies;

    /// <summary>How many files and directories have come into the upper so far.</summary>
    public long Copies => Interlocked.Read(ref _copies);

    /// <summary>Whether an inode has all in the upper layer that a change needs.</summary>
    public static bool Suffices(Inode inode, long dataLimit) => inode.HasUpper && (inode.Data is null || dataLimit == NoData);

    /// <summary>Gives an inode an upper file, if it has none yet.</summary>
    /// <param name="request">Whose interruption stops it.</param>
    /// <param name="inode">The inode.</param>
    /// <param name="dataLimit">Bytes of data worth copying: what lies behind will be cut off at once; <see cref="NoData"/>.</param>
    public Errno Ensure(in FuseRequest request, Inode inode, long dataLimit) => Ensure(request, inode, dataLimit, mayBePartial: false);

    private Errno Ensure(in FuseRequest request, Inode inode, long dataLimit, bool mayBePartial)
    {
        if (Suffices(inode, dataLimit))
            return Errno.None;
        Errno error;
        if ((error = EnsureParents(request, inode)) != Errno.None)
            return error;
        return EnsureOne(request, inode, dataLimit, mayBePartial);
    }

    /// <summary>
    /// Gives all ancestors an upper directory, the topmost first. In a loop: how many there are is the user's choice. What was unlinked
    /// meanwhile needs no parent.
    /// </summary>
    private Errno EnsureParents(in FuseRequest request, Inode inode)
    {
        if (inode.Unlinked || inode.Place!.Parent.HasUpper)
            return Errno.None;
        var way = new List<Inode> { inode };
        while (!way[^1].Unlinked && way[^1].Place!.Parent is { HasUpper: false } parent)
            way.Add(parent);
        for (int below = way.Count - 2; below >= 0; below--)
        {
            Errno error = CallerProcess.HasGivenUp(request) ? Errno.EINTR : EnsureOne(request, way[below + 1], long.MaxValue, mayBePartial: false);
            if (error != Errno.None && !way[below].Unlinked)
                return error;
        }
        return Errno.None;
    }

    private Errno EnsureOne(in FuseRequest request, Inode inode, long dataLimit, bool mayBePartial)
    {
        while (!Monitor.TryEnter(inode, s_poll))
        {
            if (CallerProcess.HasGivenUp(request))
                return Errno.EINTR;
        }
        try
        {
            if (Suffices(inode, dataLimit))
                return Errno.None;
            if (inode.Partial is { } partial)
                return mayBePartial ? Errno.None : Finish(request, inode, partial);
            if (VerifyData(inode) is not Errno.None and var wrong)
                return wrong;
            return inode.HasUpper ? FetchData(request, inode, dataLimit) : Copy(request, inode, dataLimit, mayBePartial);
        }
        finally
        {
            Monitor.Exit(inode);
        }
    }

    private Errno Copy(in FuseRequest request, Inode inode, long dataLimit, bool mayBePartial)
    {
        if (CallerIds.AssumeMounter() is not Errno.None and var error)
            return error;
        if (view.Files.Locate(inode, out FoundFile lower) is not Errno.None and var gone)
            return gone;
        using (lower)
        {
            if (view.Files.Statx(inode, lower.Directory, lower.Name, out Statx stat) is not Errno.None and var unseen)
                return unseen == Errno.ENOENT ? Errno.ESTALE : unseen;
            bool isMetacopy = dataLimit == NoData && stat.Type == FileType.Regular;
            if (isMetacopy && MayLeaveData(inode, out isMetacopy) is not Errno.None and var unread)
                return unread;
            var copy = new Copying(inode, lower, stat, dataLimit) { IsMetacopy = isMetacopy };
            Errno begun = mayBePartial && MayBePartial(copy) ? Begin(copy) : Errno.EOPNOTSUPP;
            return begun == Errno.EOPNOTSUPP ? CopyWhole(request, copy) : begun;
        }
    }

    private Errno CopyWhole(in FuseRequest request, in Copying copy)
    {
        var entry = new WorkEntry(work);
        try
        {
            Errno made = copy.Stat.Type == FileType.Regular ? MakeFile(request, copy.Inode, copy.Size, copy.Length, ref entry) : Make(copy, entry);
            if (made != Errno.None)
                return made;
            if (new CopyUpMetadata(view, copy.Lower, copy.Stat, entry) { IsCut = copy.IsCut }.Copy(copy.Inode) is not Errno.None and var refused)
                return refused;
            if (copy.IsMetacopy && LeaveData(copy.Inode, copy.Stat, entry) is not Errno.None and var unmarked)
                return unmarked;
            if (copy.Length > 0 && entry.Persist() is not Errno.None and var unsynced)
                return unsynced;
            return Finish(copy.Inode, new Copied(copy.Stat) { Data = copy.IsMetacopy ? DataOf(copy.Inode) : null }, ref entry);
        }
        finally
        {
            entry.Dispose();
        }
    }

    /// <summary>Makes the copy of all but a regular file.</summary>
    private Errno Make(in Copying copy, in WorkEntry entry)
    {
        ref readonly Statx stat = ref copy.Stat;
        switch (stat.Type)
        {
            case FileType.Directory:
                return Sys.MkDirAt(entry.Directory, entry.Name, Permissions.OwnerAll);
            case FileType.SymLink:
                Span<byte> target = stackalloc byte[4097];
                if (Ownership.ReadTarget(copy.Lower.Directory, copy.Lower.Name, target[..^1], out int bytes) is not Errno.None and var error)
                    return error;
                target[bytes] = 0;
                return Sys.SymLinkAt(new Name(target[..(bytes + 1)]), entry.Directory, entry.Name);
            default:
                return view.Owners.MakeNode(entry.Directory, entry.Name, stat);
        }
    }

    private Errno MakeFile(in FuseRequest request, Inode inode, long size, long length, ref WorkEntry entry)
    {
        if (entry.MakeFile(out Fd target) is not Errno.None and var error)
            return error;
        return length == 0 ? Errno.None : CopyData(request, inode, target, new CopyUpData(length, length == size) { Work = work });
    }

    /// <summary>Copies the data, and has the disk begin to write them.</summary>
    private Errno CopyData(in FuseRequest request, Inode inode, Fd target, in CopyUpData data)
    {
        if (view.Files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd from) is not Errno.None and var error)
            return error;
        using var source = new ScopedFd(from);
        error = data.Copy(request, source, target);
        if (error == Errno.None)
            work.BeginToPersist(target);
        return error;
    }

    private Errno Finish(Inode inode, Copied copied, ref WorkEntry entry)
    {
        if (Sys.StatxAt(entry.Directory, entry.Name, out copied.Stat, StatxMask.Ino) is not Errno.None and var lost)
            return lost;
        inode.HasOrigin = inode.IsDirectory || copied.Lower.Nlink == 1 || inode.Index is not null;
        Place place = inode.Place!;
        bool isInIndex = inode.Index is not null && !inode.IsDirectory;
        Errno error = isInIndex ? PutInIndex(inode, copied, ref entry)
            : inode.Unlinked ? Errno.ENOENT : PutInPlace(inode, place, copied, ref entry);
        if (error == Errno.ENOENT && inode.Unlinked)
            error = KeepUnnamed(inode, place.Parent, copied, entry);
        if (error != Errno.None)
            return error;
        if (inode.IsDirectory || inode.Index is not null || !inode.HasOrigin)
            view.Kernel.InvalidateAttributes(inode); // else all that is shown stays, but for what the change itself makes the kernel ask for
        if (!inode.Unlinked)
            view.Kernel.InvalidateAttributes(place.Parent); // its time of change is another, its size may be
        if (!inode.HasOrigin)
            view.Kernel.InvalidateData(place.Parent); // the copy of a broken hard link has a number of its own
        access.Current.FollowRealFile(inode);
        if (inode.IsDirectory && inode.Index is { } index && !inode.Unlinked)
            return AddToIndex(inode, index);
        return isInIndex ? indexed.LinkUp(inode, place.Parent, place.Name) : Errno.None;
    }

    /// <summary>After its copy is in place: that a directory is not indexed does no harm, an entry without directory would hide the lower one.</summary>
    private Errno AddToIndex(Inode directory, IndexEntry entry)
    {
        if (view.Directories.BorrowUpper(directory, out BorrowedFd upper) is not Errno.None and var error)
            return error;
        using (upper)
            return view.Index!.AddDirectory(entry.Name, view.Layers.Upper!, upper, work);
    }

    /// <summary>The copy of a file with several names goes into the index; its names are linked there (ovl_copy_up_one, ovl_link_up).</summary>
    private Errno PutInIndex(Inode inode, in Copied copied, ref WorkEntry entry)
    {
        if (view.Index!.WriteAsLower(entry.Directory, entry.Name) is not Errno.None and var error)
            return error;
        if (entry.MoveTo(view.Index.Directory.Fd, inode.Index!.Name, RenameFlags.NoReplace) is not Errno.None and var failed)
            return failed == Errno.EEXIST ? Errno.ESTALE : failed; // somebody put a file there behind our back
        inode.Index.Delta = (int)copied.Lower.Nlink - 1;
        Settle(inode, copied);
        return Errno.None;
    }

    /// <summary>Renames the copy into the upper layer and keeps the parent's times (ovl_copy_up_one).</summary>
    /// <returns>ENOENT when the name was removed meanwhile.</returns>
    private Errno PutInPlace(Inode inode, Place place, in Copied copied, ref WorkEntry entry)
    {
        if (view.Directories.BorrowUpper(place.Parent, out BorrowedFd parent) is not Errno.None and var error)
            return error;
        using (parent)
        using (new NamesChange(place.Parent))
        {
            if (inode.Unlinked)
                return Errno.ENOENT;
            if (view.Impure.Set(place.Parent, parent) is not Errno.None and var unmarked)
                return unmarked;
            if (Sys.FStatx(parent, out Statx before) is not Errno.None and var unseen)
                return unseen;
            if (Move(inode, parent, place.Name, ref entry) is not Errno.None and var failed)
                return failed == Errno.EEXIST ? Errno.ESTALE : failed; // somebody put a file there behind our back
            if (!inode.HasOrigin)
                inode.Ino = view.Inos.Map(copied.Stat.Dev, copied.Stat.Ino); // a broken hard link (ovl_getattr)
            Settle(inode, copied);
            _ = Sys.UTimeNsAt(parent, Name.Empty, before.Atime.ToTimeSpec(), before.Mtime.ToTimeSpec()); // as well as can be: the copy is in place
            return Errno.None;
        }
    }

    private static Errno Move(Inode inode, Fd parent, Name name, ref WorkEntry entry)
    {
        Fd moved = Fd.None;
        if (inode.IsDirectory && entry.Open(OpenFlags.Path, out moved) is not Errno.None and var error)
            return error;
        using var directory = new ScopedFd(moved);
        using var itself = new OwnerWritable(directory); // a rename changes its ".."
        using var target = new OwnerWritable(parent);
        return entry.MoveTo(parent, name, RenameFlags.NoReplace);
    }

    /// <summary>The lower file was unlinked while it was open: its copy lives without a name until it is forgotten.</summary>
    private Errno KeepUnnamed(Inode inode, Inode parent, in Copied copied, in WorkEntry entry)
    {
        if (entry.Open(OpenFlags.Path, out Fd opened) is not Errno.None and var error)
            return error;
        using (new NamesChange(parent))
        {
            inode.Pinned = new SafeFd(opened);
            Settle(inode, copied);
        }
        return Errno.None;
    }

    /// <summary>At every moment who reads finds the data: of a metacopy below, of a whole copy in it.</summary>
    private void Settle(Inode inode, in Copied copied)
    {
        if (copied.Data is not null)
            inode.Data = copied.Data;
        view.Inodes.SetUpper(inode, copied.Stat.Ino);
        inode.Data = copied.Data;
        _ = Interlocked.Increment(ref _copies); // read by `list` alone
    }
}

/// <summary>One copy-up: what is copied.</summary>
internal readonly ref struct Copying
{
    private readonly long _dataLimit;

    public Copying(Inode inode, in FoundFile lower, in Statx stat, long dataLimit)
    {
        Inode = inode;
        Lower = lower;
        Stat = stat;
        _dataLimit = dataLimit == CopyUp.NoData ? long.MaxValue : dataLimit;
    }

    public Inode Inode { get; }

    public readonly FoundFile Lower;

    public readonly Statx Stat;

    /// <summary>The data stay below.</summary>
    public bool IsMetacopy { get; init; }

    /// <summary>Bytes of data that the lower file has.</summary>
    public long Size => Stat.Type == FileType.Regular ? (long)Stat.Size : 0;

    /// <summary>Bytes of data that are copied.</summary>
    public long Length => IsMetacopy ? 0 : Math.Min(Size, _dataLimit);

    /// <summary>What is not copied will be gone.</summary>
    public bool IsCut => !IsMetacopy && Length < Size;
}

/// <summary>What a copy-up has made.</summary>
/// <param name="lower">The lower file.</param>
internal ref struct Copied(Statx lower)
{
    /// <summary>The upper file; only its number is known.</summary>
    public Statx Stat;

    public readonly Statx Lower => lower;

    /// <summary>Where the data stay, of a metacopy.</summary>
    public LowerData? Data { get; init; }
}
