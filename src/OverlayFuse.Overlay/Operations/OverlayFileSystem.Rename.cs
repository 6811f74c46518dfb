using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>RENAME in all its forms (ovl_rename).</summary>
public sealed partial class OverlayFileSystem
{
    /// <inheritdoc/>
    public Errno Rename(in FuseRequest request, in Rename2In input, Name oldName, Name newName)
    {
        if ((input.Flags & ~(RenameFlags.NoReplace | RenameFlags.Exchange)) != 0)
            return Errno.EINVAL;
        if (newName.Length > NameMax)
            return Errno.ENAMETOOLONG;
        if (IsAufsMark(newName))
            return Errno.EINVAL;
        if (_inodes[request.Node] is not { } oldParent || _inodes[input.NewDirectory] is not { } newParent)
            return Errno.ESTALE;
        if (LookupEntry(oldParent, oldName, default, out _, out Inode source) is not Errno.None and var error)
            return error;
        Inode? target = null;
        try
        {
            error = LookupEntry(newParent, newName, default, out _, out Inode found);
            if (error is not (Errno.None or Errno.ENOENT))
                return error;
            target = error == Errno.None ? found : null;
            var rename = new Renaming(source, target, oldParent, newParent)
            {
                OldName = oldName,
                NewName = newName,
                Exchange = (input.Flags & RenameFlags.Exchange) != 0,
            };
            if (target is not null && (input.Flags & RenameFlags.NoReplace) != 0)
                return Errno.EEXIST;
            return Rename(request, rename);
        }
        finally
        {
            _inodes.Forget(source.Id, 1);
            if (target is not null)
                _inodes.Forget(target.Id, 1);
        }
    }

    private Errno Rename(in FuseRequest request, in Renaming rename)
    {
        if (RequireMovable(rename) is not Errno.None and var kept)
            return kept;
        if (!CanMove(rename.Source) || (rename.Exchange && rename.Target is { } other && !CanMove(other)))
            return Errno.EXDEV;
        if (rename.Exchange && rename.Target is null)
            return Errno.ENOENT;
        if (!rename.Exchange && rename.Target is { } target && IsBoundToLower(target) && RequireEmpty(target) is not Errno.None and var filled)
            return filled; // before anything is copied up for nothing
        if (EnsureUpper(request, rename.Source, CopyUp.NoData) is not Errno.None and var error)
            return error;
        if (rename.Exchange && EnsureUpper(request, rename.Target!, CopyUp.NoData) is not Errno.None and var refused)
            return refused;
        if (EnsureUpperDirectory(request, rename.OldParent, out BorrowedFd oldUpper) is not Errno.None and var closed)
            return closed;
        using (oldUpper)
        {
            if (EnsureUpperDirectory(request, rename.NewParent, out BorrowedFd newUpper) is not Errno.None and var shut)
                return shut;
            using (newUpper)
            {
                if (LinkUpIndexed(request, rename) is not Errno.None and var unlinked)
                    return unlinked;
                using var names = new NamesChange(rename.OldParent, rename.NewParent);
                if (CallerIds.AssumeMounter() is not Errno.None and var stuck)
                    return stuck;
                return rename.Exchange ? Exchange(rename, oldUpper, newUpper) : Replace(rename, oldUpper, newUpper);
            }
        }
    }

    /// <summary>Without redirect_dir=on a lower directory stays where it is (ovl_can_move): mv(1) copies.</summary>
    private bool CanMove(Inode inode) => Redirect.IsMade || !IsBoundToLower(inode);

    /// <summary>A directory that lower layers have a part in: its new name alone would not find them.</summary>
    private static bool IsBoundToLower(Inode inode) => inode.Directory is { Lowers.Length: > 0 };

    private Errno Exchange(in Renaming rename, Fd oldUpper, Fd newUpper)
    {
        var from = new UpperName(rename.OldParent, oldUpper, rename.OldName);
        var to = new UpperName(rename.NewParent, newUpper, rename.NewName);
        if (Prepare(rename.Source, from, to) is not Errno.None and var error)
            return error;
        if (Prepare(rename.Target!, to, from) is not Errno.None and var refused)
            return refused;
        if (Sys.RenameAt(oldUpper, rename.OldName, newUpper, rename.NewName, RenameFlags.Exchange) is not Errno.None and var failed)
            return failed;
        _inodes.Exchange(rename);
        return Errno.None;
    }

    private Errno Replace(in Renaming rename, Fd oldUpper, Fd newUpper)
    {
        if (LowerHas(rename.OldParent, rename.OldName, inUpper: true, out bool cover) is not Errno.None and var error)
            return error;
        if (StatUpper(newUpper, rename.NewName, out Statx there, out bool exists) is not Errno.None and var unseen)
            return unseen;
        bool overWhiteout = exists && Whiteout.Is(_xattrs, newUpper, rename.NewName, there);
        var from = new UpperName(rename.OldParent, oldUpper, rename.OldName);
        if (Prepare(rename.Source, from, new UpperName(rename.NewParent, newUpper, rename.NewName)) is not Errno.None and var refused)
            return refused;
        if (rename.Target is { IsDirectory: true } directory
            && exists && MakeReplaceable(directory, newUpper, rename.NewName) is not Errno.None and var filled)
            return filled;
        if (exists && !overWhiteout && Pin(rename.Target, newUpper, rename.NewName) is not Errno.None and var unheld)
            return unheld;
        error = RenameInUpper(rename, oldUpper, newUpper, cover, overWhiteout);
        if (rename.Target is not null)
            Removed(rename.Target, rename.NewParent, rename.NewName, error, rename.Target.IsDirectory ? 0 : LinksOf(rename.Target, there));
        if (rename.Target is not null && error == Errno.None)
            DropIndex(rename.Target);
        if (error == Errno.None)
            _inodes.Move(rename.Source, rename.OldParent, rename.OldName, rename.NewParent, rename.NewName);
        return error;
    }

    /// <summary>What must be on disk before the new name is: see ovl_rename.</summary>
    private Errno Prepare(Inode moved, in UpperName from, in UpperName to)
    {
        bool isBound = IsBoundToLower(moved);
        if ((moved.HasOrigin || isBound) && MarkImpure(to.Parent, to.Upper) is not Errno.None and var error)
            return error;
        if (isBound || moved.Data is not null)
            return SetRedirect(moved, from, to);
        return moved.IsDirectory && to.Parent.Directory!.Lowers.Length > 0 ? MarkOpaque(from.Upper, from.Name) : Errno.None;
    }

    /// <summary>The lower part stays where it is: on disk by its redirect, and in memory. Both also hold under the old name.</summary>
    private Errno SetRedirect(Inode moved, in UpperName from, in UpperName to)
    {
        bool isSameParent = ReferenceEquals(from.Parent, to.Parent);
        bool isAbsolute = !isSameParent || (!moved.IsDirectory && (!moved.HasOrigin || moved.Index is not null)); // a lower file of several links may be found by another name, elsewhere (ovl_need_absolute_redirect)
        if (Redirect.Set(moved, from.Upper, from.Name, isAbsolute) is not Errno.None and var error)
            return error;
        if (moved.Directory is not { } directory)
            return Errno.None;
        LowerParts parts = directory.Parts;
        byte[]?[] locations = new byte[]?[parts.Layers.Length];
        for (int index = 0; index < locations.Length; index++)
        {
            Name location = parts.Locations?[index] is { } known ? new Name(known) : from.Name;
            locations[index] = isSameParent ? location.ToArray() : PathInLayer(from.Parent, parts.Layers[index], location);
        }
        parts.Locations = locations;
        return Errno.None;
    }

    private Errno RenameInUpper(in Renaming rename, Fd oldUpper, Fd newUpper, bool cover, bool overWhiteout)
    {
        if (_options.AufsWhiteouts && !overWhiteout)
            return RenameOverAufsMarks(rename, oldUpper, newUpper, cover);
        bool exchange = overWhiteout && (cover || rename.Source.IsDirectory); // the whiteout changes place
        RenameFlags flags = exchange ? RenameFlags.Exchange : cover ? RenameFlags.Whiteout : RenameFlags.None;
        Errno error = Sys.RenameAt(oldUpper, rename.OldName, newUpper, rename.NewName, flags);
        if (error == Errno.None && exchange && !cover)
            _ = Sys.UnlinkAt(oldUpper, rename.OldName); // a whiteout over nothing: harmless if it stays
        if (error != Errno.EINVAL || flags != RenameFlags.Whiteout)
            return error;
        error = Sys.RenameAt(oldUpper, rename.OldName, newUpper, rename.NewName); // a file system without RENAME_WHITEOUT
        return error == Errno.None ? _work!.Whiteout.Make(oldUpper, rename.OldName) : error;
    }

    /// <summary>A directory that is replaced must be empty; one that holds whiteouts gives way to an empty one (ovl_clear_empty).</summary>
    private Errno MakeReplaceable(Inode directory, Fd upper, Name name)
    {
        if (HoldsEntries(upper, name, out bool holds) is not Errno.None and var error)
            return error;
        if (!holds)
            return Errno.None;
        error = IsBoundToLower(directory) ? Errno.None : RequireEmpty(directory); // of the others it is known
        if (error == Errno.ENOTEMPTY)
            return Errno.None; // the upper's file system will refuse it in its own words: EEXIST on XFS
        return error == Errno.None ? ReplaceByEmpty(directory, upper, name) : error;
    }

    private Errno ReplaceByEmpty(Inode directory, Fd upper, Name name)
    {
        if (_files.Locate(directory, out RealName real) is not Errno.None and var error)
            return error;
        var entry = new WorkEntry(_work!);
        try
        {
            using (real)
            {
                if (Sys.MkDirAt(entry.Directory, entry.Name, 0x1C0) is not Errno.None and var failed)
                    return failed;
                if (OwnerModes.Statx(real.Directory, Name.Empty, out Statx stat) is not Errno.None and var unseen)
                    return unseen;
                if (new CopyUpMetadata(this, real, stat, entry).CopyAttributes() is not Errno.None and var lost)
                    return lost;
            }
            if (Opaque.Mark(_xattrs, entry.Directory, entry.Name) is not Errno.None and var unmarked)
                return unmarked;
            if (Sys.StatxAt(entry.Directory, entry.Name, out Statx empty, StatxMask.Ino) is not Errno.None and var gone)
                return gone;
            error = entry.ExchangeWith(upper, name);
            if (error == Errno.None)
            {
                _inodes.SetUpper(directory, empty.Ino);
                directory.Directory!.Parts.Drop();
            }
            return error;
        }
        finally
        {
            entry.Dispose();
        }
    }
}
