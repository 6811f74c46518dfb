using System.Collections.Concurrent;
using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>
/// copyup=incremental: the first writer of a large file does not wait for its copy. The copy begins without data, the first writes go into
/// it, and a thread copies the rest (<see cref="PartialCopy"/>). A copy that is whole and synced is renamed into the upper. Reads, writes
/// and changes of attributes go on meanwhile; any other request (fsync, link, rename, xattrs) and the end of the mount complete the copy
/// first, and wait for it. A crash before that leaves the lower file as it was.
/// </summary>
internal sealed partial class CopyUp
{
    /// <summary>The copy of a smaller file is complete before the first write goes on.</summary>
    private const long LargeFile = 8 << 20;

    private readonly ConcurrentDictionary<Inode, PartialCopy> _partial = new();
    private readonly BlockingCollection<Inode> _toComplete = [];
    private Thread? _completer;

    /// <summary>Gives an inode an upper file or the beginning of one: enough for writes and for changes of attributes.</summary>
    public Errno EnsureChangeable(in FuseRequest request, Inode inode, long dataLimit) =>
        inode.Partial is not null ? Errno.None : Ensure(request, inode, dataLimit, mayBePartial: true);

    /// <summary>Completes all copies. Called at the end of the mount and before the layers change.</summary>
    public void CompleteAll()
    {
        // An error is in the log.
        foreach (Inode inode in _partial.Keys)
            _ = CompletePartial(default, inode);
    }

    /// <summary>True if the file is large, whole, and has one name and data of its own.</summary>
    private bool MayBePartial(in Copying copy) =>
        view.Options.IncrementalCopyUp && copy.Length >= LargeFile && !copy.IsCut
        && copy.Stat.Nlink == 1 && copy.Inode is { Index: null, Data: null, Unlinked: false } && view.Owners.AllowsPartialCopies;

    /// <summary>Begins a copy without its data.</summary>
    /// <returns>
    /// EOPNOTSUPP if the disk cannot reserve room, or has reflinks. The caller then copies the file as it copies smaller ones.
    /// </returns>
    private Errno BeginPartial(in Copying copy)
    {
        Errno error;
        if ((error = Sys.FStatFs(work.Fd, out StatFs disk)) != Errno.None)
            return error;
        // tmpfs fills reserved room with zeros, which takes as long as copying.
        if (disk.Type == FileSystemTypes.Tmpfs)
            return Errno.EOPNOTSUPP;
        if ((error = view.Files.OpenData(copy.Inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd from)) != Errno.None)
            return error;
        using var lower = new ScopedFd(from);
        var entry = new WorkEntry(work);
        try
        {
            const OpenFlags flags = OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow;
            if ((error = Sys.OpenAt(entry.Directory, entry.Name, flags, out Fd to, Permissions.OwnerReadWrite)) != Errno.None)
                return error;
            using var target = new ScopedFd(to);
            if (Sys.Clone(lower, target) == Errno.None)
                return Errno.EOPNOTSUPP;
            if ((error = Reserve(lower, target, copy.Size)) != Errno.None)
                return error;
            if ((error = new CopyUpMetadata(view, copy.Lower, copy.Stat, entry).Copy(copy.Inode)) != Errno.None)
                return error;
            // The entry stays in the work directory until the copy is whole.
            Track(copy.Inode, new PartialCopy(lower.Release(), target.Release(), copy.Stat, entry.Keep()));
            return Errno.None;
        }
        finally
        {
            entry.Dispose();
        }
    }

    /// <summary>Reserves room for the data. The holes of the lower file stay holes.</summary>
    private static Errno Reserve(Fd lower, Fd copy, long size)
    {
        Errno error;
        if ((error = Sys.FTruncate(copy, size)) != Errno.None)
            return error;
        long hole;
        for (long offset = 0; offset < size; offset = hole)
        {
            CopyUpData.NextData(lower, offset, size, out long data, out hole);
            if (data < hole && (error = Sys.FAllocate(copy, 0, data, hole - data)) != Errno.None)
                return error;
        }
        return Errno.None;
    }

    private void Track(Inode inode, PartialCopy partial)
    {
        // The kernel may forget it meanwhile.
        view.Inodes.Acquire(inode);
        inode.Partial = partial;
        _partial[inode] = partial;
        access.Current.FollowRealFile(inode);
        view.Kernel.InvalidateAttributes(inode);
        lock (_partial)
        {
            if (_completer is null)
            {
                var completer = new Thread(CompleteInTurn) { IsBackground = true, Name = "copy-up" };
                // If there are no more threads, the next file tries again, and the request that syncs this one completes it.
                _completer = completer.TryStart() ? completer : null;
            }
        }
        _toComplete.Add(inode);
    }

    private void CompleteInTurn()
    {
        // If it fails, the thread stays on the processor of the worker that started it.
        _ = Sys.UnpinThread();
        foreach (Inode inode in _toComplete.GetConsumingEnumerable())
        {
            long block = 0;
            // An error comes again from CompletePartial.
            while (inode.Partial is { } partial && partial.CopyNext(ref block) == Errno.None)
                block++;
            // The error is in the log. The request that syncs, links or renames the file gets it.
            _ = CompletePartial(default, inode);
        }
    }

    private Errno CompletePartial(in FuseRequest request, Inode inode)
    {
        lock (inode)
            return inode.Partial is { } partial ? CompletePartial(request, inode, partial) : Errno.None;
    }

    /// <summary>Copies the missing data and puts the copy into the upper. Under the lock of the inode.</summary>
    /// <returns>EINTR if the request was given up. The thread or the end of the mount goes on with the copy.</returns>
    private Errno CompletePartial(in FuseRequest request, Inode inode, PartialCopy partial)
    {
        Errno error = CopyRest(request, partial);
        if (error == Errno.EINTR)
            return error;
        if (error == Errno.None)
            error = CallerIds.AssumeMounter();
        if (error == Errno.None)
            error = PutPartialInPlace(inode, partial);
        if (error != Errno.None)
        {
            view.Options.Log?.Invoke(
                $"copy-up of inode {inode.Ino}: {error}; what was written to it is kept in memory of the mount only, and tried again");
            return error;
        }
        // It is always there.
        _ = _partial.TryRemove(inode, out _);
        inode.Partial = null;
        partial.Release();
        view.Inodes.Forget(inode.Id, 1);
        return Errno.None;
    }

    private Errno CopyRest(in FuseRequest request, PartialCopy partial)
    {
        Errno error;
        for (long block = 0; (error = partial.CopyNext(ref block)) == Errno.None; block++)
        {
            if (CallerProcess.HasGivenUp(request))
                return Errno.EINTR;
        }
        return error == Errno.ENODATA ? partial.Persist(work) : error;
    }

    private Errno PutPartialInPlace(Inode inode, PartialCopy partial)
    {
        var entry = new WorkEntry(work, partial.Name);
        Errno error = Errno.EIO;
        try
        {
            error = PutInPlace(inode, new Copied(partial.Lower), ref entry);
            return error;
        }
        finally
        {
            // The next try needs the entry.
            if (error != Errno.None)
                _ = entry.Keep();
            entry.Dispose();
        }
    }
}
