using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
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
        if (newName.Length > Limits.NameMax)
            return Errno.ENAMETOOLONG;
        if (_view.UpperForm.IsReserved(newName))
            return Errno.EINVAL;
        if (_view.Inodes[request.Node] is not { } oldParent || _view.Inodes[input.NewDirectory] is not { } newParent)
            return Errno.ESTALE;
        Errno error = LookupEntry(oldParent, oldName, default, out _, out Inode source);
        if (error != Errno.None)
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
            _view.Inodes.Forget(source.Id, 1);
            if (target is not null)
                _view.Inodes.Forget(target.Id, 1);
        }
    }

    private Errno Rename(in FuseRequest request, in Renaming rename)
    {
        Errno error = _protections.RequireMovable(rename);
        if (error != Errno.None)
            return error;
        if (!CanMove(rename.Source) || (rename.Exchange && rename.Target is { } other && !CanMove(other)))
            return Errno.EXDEV;
        if (rename.Exchange && rename.Target is null)
            return Errno.ENOENT;
        // This check comes first, so nothing is copied up in vain.
        if (!rename.Exchange && rename.Target is { } target && IsBoundToLower(target) && (error = RequireEmpty(target)) != Errno.None)
            return error;
        if ((error = _upper.Ensure(request, rename.Source, CopyUp.NoData)) != Errno.None)
            return error;
        if (rename.Exchange && (error = _upper.Ensure(request, rename.Target!, CopyUp.NoData)) != Errno.None)
            return error;
        if ((error = _upper.BorrowDirectory(request, rename.OldParent, out BorrowedFd oldUpper)) != Errno.None)
            return error;
        using (oldUpper)
        {
            if ((error = _upper.BorrowDirectory(request, rename.NewParent, out BorrowedFd newUpper)) != Errno.None)
                return error;
            using (newUpper)
            {
                if ((error = LinkUpIndexed(request, rename)) != Errno.None)
                    return error;
                using var names = new NamesChange(rename.OldParent, rename.NewParent);
                if ((error = CallerIds.AssumeMounter()) != Errno.None)
                    return error;
                return rename.Exchange ? Exchange(rename, oldUpper, newUpper) : Replace(rename, oldUpper, newUpper);
            }
        }
    }

    /// <summary>
    /// True if an inode may be renamed. Without redirect_dir=on a lower directory may not (ovl_can_move): mv(1) copies it.
    /// </summary>
    private bool CanMove(Inode inode) => _view.Redirect.IsMade || !IsBoundToLower(inode);

    /// <summary>True for a directory with parts in lower layers. A new name alone does not lead to them.</summary>
    private static bool IsBoundToLower(Inode inode) => inode.Directory is { Lowers.Length: > 0 };

    private Errno Exchange(in Renaming rename, Fd oldUpper, Fd newUpper)
    {
        var from = new UpperName(rename.OldParent, oldUpper, rename.OldName);
        var to = new UpperName(rename.NewParent, newUpper, rename.NewName);
        Errno error = Prepare(rename.Source, from, to);
        if (error != Errno.None)
            return error;
        if ((error = Prepare(rename.Target!, to, from)) != Errno.None)
            return error;
        if ((error = Sys.RenameAt(oldUpper, rename.OldName, newUpper, rename.NewName, RenameFlags.Exchange)) != Errno.None)
            return error;
        _view.Inodes.Exchange(rename);
        return Errno.None;
    }

    private Errno Replace(in Renaming rename, Fd oldUpper, Fd newUpper)
    {
        Errno error = LayerLookup.LowerHas(_view, rename.OldParent, rename.OldName, inUpper: true, out bool cover);
        if (error != Errno.None)
            return error;
        if ((error = UpperFiles.Stat(newUpper, rename.NewName, out Statx there, out bool exists)) != Errno.None)
            return error;
        bool overWhiteout = exists && Whiteout.Is(_view.Xattrs, newUpper, rename.NewName, there);
        var from = new UpperName(rename.OldParent, oldUpper, rename.OldName);
        if ((error = Prepare(rename.Source, from, new UpperName(rename.NewParent, newUpper, rename.NewName))) != Errno.None)
            return error;
        if (rename.Target is { IsDirectory: true } directory
            && exists && (error = MakeReplaceable(directory, newUpper, rename.NewName)) != Errno.None)
            return error;
        if (exists && !overWhiteout && (error = _access.Pin(rename.Target, newUpper, rename.NewName)) != Errno.None)
            return error;
        var move = new UpperRename(oldUpper, rename.OldName, newUpper, rename.NewName)
        {
            Covers = cover,
            OverWhiteout = overWhiteout,
            IsDirectory = rename.Source.IsDirectory,
        };
        error = _view.UpperForm.Rename(move, ref rename.OldParent.Directory!.UpperMarks, ref rename.NewParent.Directory!.UpperMarks);
        if (rename.Target is not null)
            Removed(rename.Target, rename.NewParent, rename.NewName, error,
                rename.Target.IsDirectory ? 0 : Replies.LinksOf(rename.Target, there));
        if (rename.Target is not null && error == Errno.None)
            _indexed.Dropped(rename.Target);
        if (error == Errno.None)
            _view.Inodes.Move(rename.Source, rename.OldParent, rename.OldName, rename.NewParent, rename.NewName);
        return error;
    }

    /// <summary>Writes the marks that must be on disk before the new name (ovl_rename).</summary>
    private Errno Prepare(Inode moved, in UpperName from, in UpperName to)
    {
        Errno error;
        bool isBound = IsBoundToLower(moved);
        if ((moved.HasOrigin || isBound) && (error = _view.Impure.Set(to.Parent, to.Upper)) != Errno.None)
            return error;
        if (isBound || moved.Data is not null)
            return SetRedirect(moved, from, to);
        return moved.IsDirectory && to.Parent.Directory!.Lowers.Length > 0 ? _view.UpperForm.MarkOpaque(from.Upper, from.Name) : Errno.None;
    }

    /// <summary>
    /// Records where the lower part is: on disk by a redirect, and in memory. Both are also right as long as the inode has its old name.
    /// </summary>
    private Errno SetRedirect(Inode moved, in UpperName from, in UpperName to)
    {
        bool isSameParent = ReferenceEquals(from.Parent, to.Parent);
        // A lower file with several links may be found by another name in another directory (ovl_need_absolute_redirect).
        bool isAbsolute = !isSameParent || (!moved.IsDirectory && (!moved.HasOrigin || moved.Index is not null));
        Errno error = InodePath.SetRedirect(moved, _view.Redirect, from.Upper, from.Name, isAbsolute);
        if (error != Errno.None)
            return error;
        if (moved.Directory is not { } directory)
            return Errno.None;
        LowerParts parts = directory.Parts;
        byte[]?[] locations = new byte[]?[parts.Layers.Length];
        for (int index = 0; index < locations.Length; index++)
        {
            Name location = parts.Locations?[index] is { } known ? new Name(known) : from.Name;
            locations[index] = isSameParent ? location.ToArray() : InodePath.InLayer(from.Parent, parts.Layers[index], location);
        }
        parts.Locations = locations;
        return Errno.None;
    }

    /// <summary>
    /// Prepares a directory that a rename replaces. It must be empty. If it holds whiteouts, an empty one takes its place
    /// (ovl_clear_empty).
    /// </summary>
    private Errno MakeReplaceable(Inode directory, Fd upper, Name name)
    {
        Errno error = UpperFiles.HoldsEntries(upper, name, out bool holds);
        if (error != Errno.None)
            return error;
        if (!holds)
            return Errno.None;
        // A directory with lower parts was checked before.
        error = IsBoundToLower(directory) ? Errno.None : RequireEmpty(directory);
        // The upper's file system refuses it with its own error: EEXIST on XFS.
        if (error == Errno.ENOTEMPTY)
            return Errno.None;
        return error == Errno.None ? ReplaceByEmpty(directory, upper, name) : error;
    }

    private Errno ReplaceByEmpty(Inode directory, Fd upper, Name name)
    {
        Errno error = _view.Files.Locate(directory, out FoundFile real);
        if (error != Errno.None)
            return error;
        var entry = new WorkEntry(_view.Work!);
        try
        {
            using (real)
            {
                if ((error = Sys.MkDirAt(entry.Directory, entry.Name, Permissions.OwnerAll)) != Errno.None)
                    return error;
                if ((error = OwnerModes.Statx(real.Directory, Name.Empty, out Statx stat)) != Errno.None)
                    return error;
                if ((error = new CopyUpMetadata(_view, real, stat, entry).CopyAttributes()) != Errno.None)
                    return error;
            }
            if ((error = Opaque.Mark(_view.Xattrs, entry.Directory, entry.Name)) != Errno.None)
                return error;
            if ((error = Sys.StatxAt(entry.Directory, entry.Name, out Statx empty, StatxMask.Ino)) != Errno.None)
                return error;
            error = entry.ExchangeWith(upper, name);
            if (error == Errno.None)
            {
                // If the rename fails now, the directory stays, and it is opaque. The VFS holds its lock, so nothing reads it meanwhile.
                LowerParts before = directory.Directory!.Parts;
                _view.Inodes.SetUpper(directory, empty.Ino);
                directory.Directory.Parts = new LowerParts([]);
                directory.Directory.Unlearn();
                before.Drop();
            }
            return error;
        }
        finally
        {
            entry.Dispose();
        }
    }
}
