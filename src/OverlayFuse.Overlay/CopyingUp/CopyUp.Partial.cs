using System.Collections.Concurrent;
using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>
/// copyup=incremental: copy-up of large files that does not make the first writer wait: the copy begins without data, the first writes go into it, a thread copies the
/// rest (<see cref="PartialCopy"/>). It is renamed into the upper when it is whole and synced, or at once, with the caller waiting, when something
/// else than reading, writing and changing attributes is to be done with the file: fsync, link, rename, xattrs, the end of the mount.
/// A crash before that leaves the lower file as it was.
/// </summary>
internal sealed partial class CopyUp
{
    /// <summary>Smaller files are copied before the first write goes on.</summary>
    private const long LargeFile = 8 << 20;

    private readonly ConcurrentDictionary<Inode, PartialCopy> _partial = new();
    private readonly BlockingCollection<Inode> _toFinish = [];
    private Thread? _finisher;

    /// <summary>Gives a file what writing and changing its attributes need: an upper file, or the beginning of one.</summary>
    public Errno EnsureChangeable(in FuseRequest request, Inode inode, long dataLimit) =>
        inode.Partial is not null ? Errno.None : Ensure(request, inode, dataLimit, mayBePartial: true);

    /// <summary>Finishes all that are under way; at the end of the mount, and before the layers change.</summary>
    public void FinishAll()
    {
        foreach (Inode inode in _partial.Keys)
            _ = Finish(default, inode); // logged
    }

    /// <summary>Whether a file is worth it and can be: one name, data of its own, on a disk that gives room beforehand.</summary>
    private bool MayBePartial(in Copying copy) =>
        view.Options.IncrementalCopyUp && copy.Length >= LargeFile && !copy.IsCut
        && copy.Stat.Nlink == 1 && copy.Inode is { Index: null, Data: null, Unlinked: false } && !view.Owners.HasOverrides;

    /// <summary>Begins a copy without its data.</summary>
    /// <returns>EOPNOTSUPP where the disk cannot give room beforehand, or has reflinks: then the file is copied as smaller ones are.</returns>
    private Errno Begin(in Copying copy)
    {
        if (Sys.FStatFs(work.Fd, out StatFs disk) is not Errno.None and var error)
            return error;
        if (disk.Type == FileSystemTypes.Tmpfs)
            return Errno.EOPNOTSUPP; // it would fill the room with zeros, which takes as long as copying
        if (view.Files.OpenData(copy.Inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd from) is not Errno.None and var unread)
            return unread;
        using var lower = new ScopedFd(from);
        var entry = new WorkEntry(work);
        try
        {
            const OpenFlags flags = OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow;
            if (Sys.OpenAt(entry.Directory, entry.Name, flags, out Fd to, Permissions.OwnerReadWrite) is not Errno.None and var unmade)
                return unmade;
            using var target = new ScopedFd(to);
            if (Sys.Clone(lower, target) == Errno.None)
                return Errno.EOPNOTSUPP;
            if (Reserve(lower, target, copy.Size) is not Errno.None and var full)
                return full;
            if (new CopyUpMetadata(view, copy.Lower, copy.Stat, entry).Copy(copy.Inode) is not Errno.None and var refused)
                return refused;
            Track(copy.Inode, new PartialCopy(lower.Release(), target.Release(), copy.Stat, entry.Keep())); // there until it is whole
            return Errno.None;
        }
        finally
        {
            entry.Dispose();
        }
    }

    /// <summary>Takes room for the data; where the lower file has holes, the copy will have them.</summary>
    private static Errno Reserve(Fd lower, Fd copy, long size)
    {
        if (Sys.FTruncate(copy, size) is not Errno.None and var error)
            return error;
        long hole;
        for (long offset = 0; offset < size; offset = hole)
        {
            CopyUpData.NextData(lower, offset, size, out long data, out hole);
            if (data < hole && Sys.FAllocate(copy, 0, data, hole - data) is not Errno.None and var full)
                return full;
        }
        return Errno.None;
    }

    private void Track(Inode inode, PartialCopy partial)
    {
        view.Inodes.Acquire(inode); // the kernel may forget it meanwhile
        inode.Partial = partial;
        _partial[inode] = partial;
        access.Current.FollowRealFile(inode);
        view.Kernel.InvalidateAttributes(inode);
        lock (_partial)
        {
            if (_finisher is null)
            {
                _finisher = new Thread(FinishInTurn) { IsBackground = true, Name = "copy-up" };
                _finisher.Start();
            }
        }
        _toFinish.Add(inode);
    }

    private void FinishInTurn()
    {
        foreach (Inode inode in _toFinish.GetConsumingEnumerable())
        {
            long block = 0;
            while (inode.Partial is { } partial && partial.CopyNext(ref block) == Errno.None)
                block++; // an error is met again below
            _ = Finish(default, inode); // logged; who syncs, links or renames the file gets the error
        }
    }

    private Errno Finish(in FuseRequest request, Inode inode)
    {
        lock (inode)
            return inode.Partial is { } partial ? Finish(request, inode, partial) : Errno.None;
    }

    /// <summary>Copies what is missing and puts the copy into the upper. Under the lock of the inode.</summary>
    /// <returns>EINTR when the request is given up: the thread, or the end of the mount, goes on with it.</returns>
    private Errno Finish(in FuseRequest request, Inode inode, PartialCopy partial)
    {
        Errno error = Complete(request, partial);
        if (error == Errno.EINTR)
            return error;
        if (error == Errno.None)
            error = CallerIds.AssumeMounter();
        if (error == Errno.None)
            error = PutUp(inode, partial);
        if (error != Errno.None)
        {
            view.Options.Log?.Invoke($"copy-up of inode {inode.Ino}: {error}; what was written to it is kept in memory of the mount only, and tried again");
            return error;
        }
        _ = _partial.TryRemove(inode, out _); // it is there
        inode.Partial = null;
        partial.Release();
        view.Inodes.Forget(inode.Id, 1);
        return Errno.None;
    }

    private Errno Complete(in FuseRequest request, PartialCopy partial)
    {
        Errno error;
        for (long block = 0; (error = partial.CopyNext(ref block)) == Errno.None; block++)
        {
            if (CallerProcess.HasGivenUp(request))
                return Errno.EINTR;
        }
        return error == Errno.ENODATA ? partial.Persist(work) : error;
    }

    private Errno PutUp(Inode inode, PartialCopy partial)
    {
        var entry = new WorkEntry(work, partial.Name);
        Errno error = Errno.EIO;
        try
        {
            error = Finish(inode, new Copied(partial.Lower), ref entry);
            return error;
        }
        finally
        {
            if (error != Errno.None)
                _ = entry.Keep(); // for the next try
            entry.Dispose();
        }
    }
}
