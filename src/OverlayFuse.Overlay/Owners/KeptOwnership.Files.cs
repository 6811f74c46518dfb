using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Owners;

/// <summary>New files and copies, and the regular files that stand for devices, fifos, sockets and symbolic links.</summary>
internal sealed partial class KeptOwnership
{
    public override Errno AssumeCaller(in FuseRequest request) =>
        overrides.IsAlways ? CallerIds.AssumeMounter() : CallerIds.Assume(OwnerOf(request));

    public override uint RealMode(uint mode) =>
        overrides.IsAlways ? (mode & (uint)FileType.Mask) | StatOverrides.RealMode(mode) : mode;

    public override Errno Make(in Creation creation, Fd directory, Name name, uint mode, out Fd opened)
    {
        Errno error = creation.MakeAt(directory, name, mode, out opened);
        return error == Errno.EPERM && creation.IsDevice ? MakeSubstitute(directory, name, default) : error;
    }

    /// <summary>True for an ordinary user's own new file, as long as the upper keeps no owners in xattrs.</summary>
    public override bool IsOwnersFile(in Creation creation, in Statx own) =>
        !overrides.MayStandForOthers(Limits.NoLayer)
        && own.Type == creation.Type && own.Uid == creation.Owner.Uid && own.Gid == creation.Owner.Gid;

    public override Errno SettleNew(Fd directory, Name name, in Creation creation, in Statx wanted, ref Statx own)
    {
        if (IsOwnersFile(creation, own))
            return Errno.None;
        Errno error = Keep(directory, name, own, wanted);
        if (error == Errno.EPERM && MaySubstitute(own, name))
        {
            error = ReplaceBySubstitute(directory, name, own, wanted);
            if (error == Errno.None)
                error = Sys.StatxAt(directory, name, out own);
        }
        own.CopyOwnership(wanted);
        return error;
    }

    public override Errno MakeNode(Fd directory, Name name, in Statx stat)
    {
        Errno error = Sys.MkNodAt(directory, name, stat.Mode, stat.Rdev);
        return error == Errno.EPERM ? MakeSubstitute(directory, name, default) : error;
    }

    public override Errno GiveCopyOwner(Fd work, Name name, in Statx wanted, out bool isKept)
    {
        isKept = overrides.IsAlways || StandsForDevice(work, name, wanted);
        if (isKept)
            return Errno.None;
        Errno error = ChOwnCopy(work, name, wanted);
        // EPERM: an ordinary user cannot give the file away.
        isKept = error == Errno.EPERM;
        return isKept ? Errno.None : error;
    }

    public override Errno GiveCopyMode(Fd work, Name name, in Statx wanted, bool isKept)
    {
        if (!isKept)
            return ChModCopy(work, name, wanted);
        Errno error;
        if ((error = Sys.StatxAt(work, name, out Statx own)) != Errno.None)
            return error;
        error = Keep(work, name, own, wanted);
        return error == Errno.EPERM && MaySubstitute(own, name) ? ReplaceBySubstitute(work, name, own, wanted) : error;
    }

    public override Errno Substitute(Fd directory, Name name, in Substitution refused, out ulong ino)
    {
        ino = 0;
        Errno error;
        if ((error = ReplaceBySubstitute(directory, name, refused.Own, refused.Wanted)) != Errno.None)
            return error;
        error = Sys.StatxAt(directory, name, out Statx substitute, StatxMask.Ino);
        ino = substitute.Ino;
        return error;
    }

    /// <summary>True if the copy of a device is a regular file.</summary>
    private static bool StandsForDevice(Fd work, Name copy, in Statx wanted) =>
        wanted.Type is FileType.CharacterDevice or FileType.BlockDevice
        && (Sys.StatxAt(work, copy, out Statx made, StatxMask.Type) != Errno.None || made.Type != wanted.Type);

    /// <summary>True if a regular file could show what this one cannot.</summary>
    private bool MaySubstitute(in Statx own, Name name) => name.Length > 0 && !overrides.CanCarry(own.Type);

    /// <summary>
    /// Replaces a symbolic link, fifo or socket by a regular file that is shown as what it was; it holds the link's target. Such files take
    /// no xattr user.*, so their owner cannot be kept otherwise.
    /// </summary>
    /// <returns>EPERM for a file with several links: the others would stay as they are.</returns>
    private Errno ReplaceBySubstitute(Fd directory, Name name, in Statx own, in Statx wanted)
    {
        if (own.Nlink > 1)
            return Errno.EPERM;
        var entry = new WorkEntry(Work!);
        try
        {
            Errno error;
            if ((error = MakeSubstitute(directory, name, own, entry)) != Errno.None)
                return error;
            if ((error = overrides.Write(entry.Directory, entry.Name, wanted)) != Errno.None)
                return error;
            if ((error = Sys.UTimeNsAt(entry.Directory, entry.Name, own.Atime.ToTimeSpec(), own.Mtime.ToTimeSpec())) != Errno.None)
                return error;
            return entry.MoveTo(directory, name);
        }
        finally
        {
            entry.Dispose();
        }
    }

    private static Errno MakeSubstitute(Fd directory, Name name, in Statx own, in WorkEntry entry)
    {
        Span<byte> target = stackalloc byte[Limits.PathMax];
        int length = 0;
        Errno error;
        if (own.Type == FileType.SymLink && (error = Sys.ReadLinkAt(directory, name, target, out length)) != Errno.None)
            return error;
        return MakeSubstitute(entry.Directory, entry.Name, target[..length]);
    }

    private static Errno MakeSubstitute(Fd directory, Name name, ReadOnlySpan<byte> content)
    {
        const OpenFlags flags = OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow;
        Errno error;
        if ((error = Sys.OpenAt(directory, name, flags, out Fd made, Permissions.OwnerReadWrite)) != Errno.None)
            return error;
        using var file = new ScopedFd(made);
        if (content.IsEmpty)
            return Errno.None;
        error = Sys.PWrite(file, content, 0, out int written);
        return error == Errno.None && written < content.Length ? Errno.ENOSPC : error;
    }
}
