using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>
/// Copy-up: the first change of a lower file makes its copy in the upper layer (fs/overlayfs/copy_up.c). This class makes the copy in the
/// work directory. It puts the copy in place when the copy is whole and, unless the mount is volatile, its data are on the disk
/// (ovl_copy_up_file). So neither another process nor a crash ever shows half of a copy. Parents come first. The lock of an inode makes its
/// one copier, and others wait for it. An interrupted request or the end of the mount stops a copier.
/// <para>The way down: <see cref="Ensure(in FuseRequest, Inode, long)"/>, parents, one inode, <c>Copy</c>, <c>CopyWhole</c>,
/// <c>PutInPlace</c> (in .Placement). In .Metacopy: copies without data. In .Partial: copies that are made little by little.</para>
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="work">The directory in which copies are made.</param>
/// <param name="access">Open files go on with the copy.</param>
/// <param name="indexed">Names of files in the index.</param>
internal sealed partial class CopyUp(MergedView view, WorkDirectory work, FileAccessChoice access, IndexedNames indexed)
{
    /// <summary>A waiting request looks this often whether it was interrupted.</summary>
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Stands in place of a limit: with metacopy=on the data may stay below.</summary>
    public const long NoData = -1;

    private long _copies;

    /// <summary>The number of files and directories that have come into the upper so far.</summary>
    public long Copies => Interlocked.Read(ref _copies);

    /// <summary>True if an inode has everything in the upper layer that a change needs.</summary>
    public static bool Suffices(Inode inode, long dataLimit) => inode.HasUpper && (inode.Data is null || dataLimit == NoData);

    /// <summary>Gives an inode an upper file, if it has none yet.</summary>
    /// <param name="request">Its interruption stops the copy.</param>
    /// <param name="inode">The inode.</param>
    /// <param name="dataLimit">Bytes of data to copy, because the caller cuts the rest off at once; or <see cref="NoData"/>.</param>
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
    /// Gives all ancestors an upper directory, the topmost first. This is a loop, because users choose the number of ancestors. An inode
    /// that was unlinked meanwhile needs no parent.
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
            Errno error = CallerProcess.HasGivenUp(request) ? Errno.EINTR
                : EnsureOne(request, way[below + 1], long.MaxValue, mayBePartial: false);
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
                return mayBePartial ? Errno.None : CompletePartial(request, inode, partial);
            Errno error;
            if ((error = VerifyData(inode)) != Errno.None)
                return error;
            return inode.HasUpper ? FetchData(request, inode, dataLimit) : Copy(request, inode, dataLimit, mayBePartial);
        }
        finally
        {
            Monitor.Exit(inode);
        }
    }

    private Errno Copy(in FuseRequest request, Inode inode, long dataLimit, bool mayBePartial)
    {
        Errno error;
        if ((error = CallerIds.AssumeMounter()) != Errno.None)
            return error;
        if ((error = view.Files.Locate(inode, out FoundFile lower)) != Errno.None)
            return error;
        using (lower)
        {
            if ((error = view.Files.Statx(inode, lower.Directory, lower.Name, out Statx stat)) != Errno.None)
                return error == Errno.ENOENT ? Errno.ESTALE : error;
            bool isMetacopy = dataLimit == NoData && stat.Type == FileType.Regular;
            if (isMetacopy && (error = MayLeaveData(inode, out isMetacopy)) != Errno.None)
                return error;
            var copy = new Copying(inode, lower, stat, dataLimit) { IsMetacopy = isMetacopy };
            Errno begun = mayBePartial && MayBePartial(copy) ? BeginPartial(copy) : Errno.EOPNOTSUPP;
            return begun == Errno.EOPNOTSUPP ? CopyWhole(request, copy) : begun;
        }
    }

    private Errno CopyWhole(in FuseRequest request, in Copying copy)
    {
        var entry = new WorkEntry(work);
        try
        {
            Errno error = copy.Stat.Type == FileType.Regular ? MakeFile(request, copy, ref entry) : MakeSpecial(copy, entry);
            if (error != Errno.None)
                return error;
            if ((error = new CopyUpMetadata(view, copy.Lower, copy.Stat, entry) { IsCut = copy.IsCut }.Copy(copy.Inode)) != Errno.None)
                return error;
            if (copy.IsMetacopy && (error = LeaveData(copy.Inode, copy.Stat, entry)) != Errno.None)
                return error;
            if (copy.Length > 0 && (error = entry.Persist()) != Errno.None)
                return error;
            return PutInPlace(copy.Inode, new Copied(copy.Stat) { Data = copy.IsMetacopy ? DataOf(copy.Inode) : null }, ref entry);
        }
        finally
        {
            entry.Dispose();
        }
    }

    /// <summary>Makes the copy of a directory, a symbolic link or a device.</summary>
    private Errno MakeSpecial(in Copying copy, in WorkEntry entry)
    {
        ref readonly Statx stat = ref copy.Stat;
        switch (stat.Type)
        {
            case FileType.Directory:
                return Sys.MkDirAt(entry.Directory, entry.Name, Permissions.OwnerAll);
            case FileType.SymLink:
                Span<byte> target = stackalloc byte[4097];
                Errno error;
                if ((error = Ownership.ReadTarget(copy.Lower.Directory, copy.Lower.Name, target[..^1], out int bytes)) != Errno.None)
                    return error;
                target[bytes] = 0;
                return Sys.SymLinkAt(new Name(target[..(bytes + 1)]), entry.Directory, entry.Name);
            default:
                return view.Owners.MakeNode(entry.Directory, entry.Name, stat);
        }
    }

    private Errno MakeFile(in FuseRequest request, in Copying copy, ref WorkEntry entry)
    {
        Errno error;
        if ((error = entry.MakeFile(out Fd target)) != Errno.None)
            return error;
        return copy.Length == 0 ? Errno.None
            : CopyData(request, copy.Inode, target, new CopyUpData(copy.Length, whole: copy.Length == copy.Size) { Work = work });
    }

    /// <summary>Copies the data. The disk begins to write them.</summary>
    private Errno CopyData(in FuseRequest request, Inode inode, Fd target, in CopyUpData data)
    {
        Errno error;
        if ((error = view.Files.OpenData(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd from)) != Errno.None)
            return error;
        using var source = new ScopedFd(from);
        error = data.Copy(request, source, target);
        if (error == Errno.None)
            work.BeginToPersist(target);
        return error;
    }
}
