using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>GETATTR and SETATTR.</summary>
public sealed partial class OverlayFileSystem
{
    /// <inheritdoc/>
    public Errno GetAttr(in FuseRequest request, in GetAttrIn input, out AttrOut attributes)
    {
        attributes = default;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        return GetAttr(inode, out attributes);
    }

    /// <inheritdoc/>
    public Errno SetAttr(in FuseRequest request, in SetAttrIn input, out AttrOut attributes)
    {
        attributes = default;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        Errno error;
        if ((error = _view.Owners.ReadChange(input, out OwnerChange change)) != Errno.None)
            return error;
        // EPERM is no error for a write that is not known to be one: the write clears them itself.
        if (change.IsNothingButChown && (error = MayClearSetIds(request, inode)) != Errno.None)
            return error == Errno.EPERM && _access.ChangesDropSetIds ? GetAttr(inode, out attributes) : error;
        if (_access.HasTimesAlready(inode, input))
            return GetAttr(inode, out attributes);
        if ((error = _protections.RequireSettable(inode, input)) != Errno.None)
            return error;
        long data = (input.Valid & SetAttrValid.Size) != 0 ? (long)input.Size : CopyUp.NoData;
        if ((error = _upper.EnsureChangeable(request, inode, data)) != Errno.None)
            return error;
        using var steady = new SteadyTimes(inode.Partial);
        if ((input.Valid & SetAttrValid.Size) != 0 && (error = Truncate(request, inode, input)) != Errno.None)
            return error;
        _access.NoteTime(inode, input);
        if ((error = _view.Files.Locate(inode, out FoundFile real)) != Errno.None)
            return error;
        using (real)
        using (new ModeChange(inode.IsDirectory))
        {
            if ((error = ChangeOwner(request, inode, real, change)) != Errno.None)
                return error;
            if ((error = SetTimes(real, input)) != Errno.None)
                return error;
        }
        _access.AttributesChanged(inode);
        steady.Note();
        return GetAttr(inode, out attributes);
    }

    /// <inheritdoc/>
    public Errno Statx(in FuseRequest request, in StatxIn input, out StatxOut attributes)
    {
        attributes = default;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        Errno error;
        if ((error = _view.Files.Locate(inode, out FoundFile real)) != Errno.None)
            return error;
        Statx stat;
        using (real)
            error = _view.Files.Statx(inode, real.Directory, real.Name, out stat, StatxMask.BasicStats | StatxMask.Btime);
        if (error != Errno.None)
            return error;
        Attr attr = _replies.ToAttr(inode, stat);
        stat.Ino = attr.Ino;
        stat.Nlink = attr.Nlink;
        stat.Uid = attr.Uid;
        stat.Gid = attr.Gid;
        inode.WasRead = false;
        Validity validity = _access.AttributeValidityOf(inode);
        attributes = new StatxOut { AttrValid = validity.Seconds, AttrValidNsec = validity.Nanoseconds, Stat = stat };
        return Errno.None;
    }

    private Errno GetAttr(Inode inode, out AttrOut attributes)
    {
        attributes = default;
        Errno error;
        if ((error = _view.Files.Statx(inode, out Statx stat)) != Errno.None)
            return error;
        inode.WasRead = false;
        Validity validity = _access.AttributeValidityOf(inode);
        attributes = new AttrOut
        {
            AttrValid = validity.Seconds, AttrValidNsec = validity.Nanoseconds,
            Attr = _replies.ToAttr(inode, stat)
        };
        return Errno.None;
    }

    /// <summary>chown and chmod of an upper file; under the lock of its name.</summary>
    private Errno ChangeOwner(in FuseRequest request, Inode inode, in FoundFile real, in OwnerChange change)
    {
        Errno error = _view.Owners.Change(request, real.Directory, real.Name, change, out Substitution refused);
        if (error != Errno.EPERM || !refused.IsPossible || inode.Place is not { } place)
            return error;
        using (new NamesChange(place.Parent))
        {
            if ((error = _view.Owners.Substitute(real.Directory, real.Name, refused, out ulong ino)) == Errno.None)
                _view.Inodes.SetUpper(inode, ino);
            return error;
        }
    }

    private Errno SetTimes(in FoundFile real, in SetAttrIn input)
    {
        SetAttrValid valid = input.Valid;
        if ((valid & (SetAttrValid.Atime | SetAttrValid.Mtime)) == 0)
            return Errno.None;
        TimeSpec atime = ToTime(valid, SetAttrValid.Atime, SetAttrValid.AtimeNow, input.Atime, input.AtimeNsec);
        TimeSpec mtime = ToTime(valid, SetAttrValid.Mtime, SetAttrValid.MtimeNow, input.Mtime, input.MtimeNsec);
        Errno error = Sys.UTimeNsAt(real.Directory, real.Name, atime, mtime);
        if (error != Errno.EPERM || !_access.IsTimeOfChange(input))
            return error;
        // another's file, which the daemon may write: it has the time of its writing, and may be given the present one
        return (valid & SetAttrValid.Atime) != 0 ? Sys.UTimeNsAt(real.Directory, real.Name, TimeSpec.Now, TimeSpec.Now) : Errno.None;
    }

    private static TimeSpec ToTime(SetAttrValid valid, SetAttrValid bit, SetAttrValid now, ulong seconds, uint nanoseconds)
    {
        if ((valid & bit) == 0)
            return TimeSpec.Omit;
        return (valid & now) != 0 ? TimeSpec.Now : new TimeSpec((long)seconds, nanoseconds);
    }

    private Errno Truncate(in FuseRequest request, Inode inode, in SetAttrIn input)
    {
        if (inode.Partial is { } partial && partial.TryBorrow(out BorrowedFd copy))
        {
            using (copy)
            {
                Errno cut = partial.Truncate((long)input.Size);
                return cut == Errno.None && (input.Valid & SetAttrValid.KillSuidGid) != 0 ? _view.Owners.DropSetIds(request, copy) : cut;
            }
        }
        if (inode.Open is { } open && open.TryBorrowForWrite(out BorrowedFd written))
        {
            using (written)
                return Truncate(request, written, input);
        }
        Errno error;
        if ((error = _view.Files.Open(inode, OpenFlags.WriteOnly | OpenFlags.NonBlock, out Fd opened)) != Errno.None)
            return error;
        using var file = new ScopedFd(opened);
        return Truncate(request, file, input);
    }

    private Errno Truncate(in FuseRequest request, Fd file, in SetAttrIn input)
    {
        _view.Owners.DropEscapedCapability(file, Name.Empty);
        Errno error = _access.IsTruncationByPath(input) ? Sys.Truncate(file, (long)input.Size) : Sys.FTruncate(file, (long)input.Size);
        return error == Errno.None && (input.Valid & SetAttrValid.KillSuidGid) != 0 ? _view.Owners.DropSetIds(request, file) : error;
    }

    /// <summary>
    /// chown(path, -1, -1) by another user than the owner must not clear set-uid and set-gid (setattr_prepare). HANDLE_KILLPRIV_V2 takes
    /// that check from the kernel. The same request comes before a write by a user that may not keep them: a caller with write access may
    /// clear them.
    /// </summary>
    private Errno MayClearSetIds(in FuseRequest request, Inode inode)
    {
        if (inode.Open is { Count: > 0 } open && open.TryBorrowForWrite(out BorrowedFd written))
        {
            written.Dispose();
            return Errno.None;
        }
        Errno error;
        if ((error = _view.Files.Statx(inode, out Statx stat)) != Errno.None)
            return error;
        if (_access.MayBeWritingUntold(request, inode, stat))
            return Errno.None;
        bool hasNone = stat.IsDirectory || _view.Owners.SetIdsToDrop(request, stat) == 0;
        return hasNone || _view.Owners.MayActAsOwner(request, stat)
            ? Errno.None
            : Errno.EPERM;
    }
}

/// <summary>Keeps the copying of a large file from changing its times while they are set.</summary>
internal readonly ref struct SteadyTimes
{
    private readonly PartialCopy? _partial;

    public SteadyTimes(PartialCopy? partial)
    {
        _partial = partial;
        if (partial is not null)
            Monitor.Enter(partial);
    }

    /// <summary>The times are set. ESTALE: the copy is whole, its times are its own.</summary>
    public void Note() => _ = _partial?.NoteTimes();

    public void Dispose()
    {
        if (_partial is not null)
            Monitor.Exit(_partial);
    }
}
