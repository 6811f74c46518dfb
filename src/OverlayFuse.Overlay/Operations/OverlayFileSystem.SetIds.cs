using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.Operations;

/// <summary>Set-uid and set-gid bits that the kernel leaves to the daemon.</summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>The kernel is older than 6.1.</summary>
    private bool _isAllocationUntold;

    /// <summary>As <see cref="Ownership.DropSetIds"/>, where the kernel believes that it has had them taken before, or cannot ask for it.</summary>
    private Errno DropSetIdsAfter(in FuseRequest request, Inode inode, Fd file)
    {
        if (Sys.FStatx(file, out Statx stat, StatxMask.Mode) is not Errno.None and var error)
            return error;
        if (!_view.Owners.MayHaveSetIds(stat))
            return Errno.None;
        error = _view.Owners.DropSetIds(request, file);
        _view.Kernel.InvalidateAttributes(inode);
        return error;
    }

    /// <summary>
    /// If opens are not told, the daemon may have refused the kernel's demand for it (<see cref="MayClearSetIds"/>). And FUSE's kernel side asks for it
    /// before an fallocate only from Linux 6.1 on.
    /// </summary>
    private Errno DropSetIdsUntold(in FuseRequest request, Inode inode, Fd file) =>
        (_access.ChangesDropSetIds || _isAllocationUntold) && !CallerProcess.MayKeepSetIds(request) ? DropSetIdsAfter(request, inode, file) : Errno.None;

    /// <summary>
    /// The mode of a new file in a set-gid directory, whose group it gets: no set-gid program of a group that its maker is not in (mode_strip_sgid). The
    /// VFS sees to that from Linux 6.0 on; before, each file system did.
    /// </summary>
    private uint WithoutStrangersSetGid(in FuseRequest request, Inode parent, Fd upper, uint mode)
    {
        const uint groupRuns = SetIds.SetGid | SetIds.GroupExecute;
        if ((mode & groupRuns) != groupRuns || (FileType)(mode & (uint)FileType.Mask) == FileType.Directory)
            return mode;
        Errno error = _view.Files.Statx(parent, upper, Name.Empty, out Statx directory);
        bool isKept = error == Errno.None && ((directory.Permissions & SetIds.SetGid) == 0 || _view.Owners.MayKeepSetGid(request, directory));
        return isKept ? mode : mode & ~SetIds.SetGid;
    }
}
