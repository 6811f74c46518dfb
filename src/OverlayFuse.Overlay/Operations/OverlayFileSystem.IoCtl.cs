using System.Runtime.InteropServices;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Live;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Operations;

/// <summary>IOCTL: the file flags of chattr(1) and the project of xfs_io(8). For FUSE the kernel turns both into ioctls.</summary>
public sealed partial class OverlayFileSystem
{
    /// <inheritdoc/>
    public Errno IoCtl(in FuseRequest request, in IoCtlIn input, ReadOnlySpan<byte> data, Span<byte> answer, out IoCtlOut result)
    {
        result = default;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (LiveControl.Has(input.Command))
            return request.Node.Value == _view.Inodes.Root.Id.Value ? _live.Control(request, input.Command, data, answer) : Errno.ENOTTY;
        bool sets = input.Command is IoControls.SetFlags or IoControls.SetProject;
        if (!sets && input.Command is not (IoControls.GetFlags or IoControls.GetProject))
            return Errno.ENOTTY;
        if (inode.Type is not (FileType.Regular or FileType.Directory))
            return Errno.ENOTTY;
        Span<byte> argument = stackalloc byte[64];
        data[..Math.Min(data.Length, argument.Length)].CopyTo(argument);
        Errno error;
        if (sets && (error = MaySetFlags(request, inode, input.Command, argument)) != Errno.None)
            return error;
        if (sets && (error = _upper.Ensure(request, inode, CopyUp.NoData)) != Errno.None)
            return error;
        if ((error = _view.Files.Open(inode, OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd opened)) != Errno.None)
            return error;
        using var file = new ScopedFd(opened);
        if (sets)
        {
            error = SetFlags(inode, file, input.Command, argument);
            // The kernel expects no change of attributes from an ioctl. The time of change is new, even if only a part was done.
            _view.Kernel.InvalidateAttributes(inode);
            return error;
        }
        error = GetFlags(inode, file, input.Command, argument);
        if (error == Errno.None)
            argument[..Math.Min(answer.Length, argument.Length)].CopyTo(answer);
        return error;
    }

    /// <summary>
    /// Checks that the caller may change flags of the inode (vfs_fileattr_set, fileattr_set_prepare). FUSE's kernel side checks it from
    /// Linux 5.13 on. If it does not tell the caller's ids (ALLOW_IDMAP, Linux 6.12), only the kernel knows the owner as the caller's mount
    /// shows it.
    /// </summary>
    private Errno MaySetFlags(in FuseRequest request, Inode inode, uint command, ReadOnlySpan<byte> argument)
    {
        if (request.Caller.Uid == uint.MaxValue)
            return Errno.None;
        Errno error = _view.Files.Statx(inode, out Statx stat);
        if (error != Errno.None)
            return error;
        if (!_view.Owners.MayActAsOwner(request, stat))
            return Errno.EPERM;
        if ((error = _protections.Of(inode, out Protection protection)) != Errno.None)
            return error;
        bool keepsProtection = ProtectionIn(command, MemoryMarshal.Read<uint>(argument)) == protection;
        return keepsProtection || CallerProcess.MayProtect(request) ? Errno.None : Errno.EPERM;
    }

    private static Protection ProtectionIn(uint command, uint flags) =>
        ((flags & AppendFlag(command)) != 0 ? Protection.Append : Protection.None)
        | ((flags & ImmutableFlag(command)) != 0 ? Protection.Immutable : Protection.None);

    private Errno GetFlags(Inode inode, Fd file, uint command, Span<byte> argument)
    {
        Errno error = Sys.IoCtl(file, command, argument);
        if (error != Errno.None)
            return error;
        if ((error = _protections.Of(inode, out Protection protection)) != Errno.None)
            return error;
        ref uint flags = ref MemoryMarshal.AsRef<uint>(argument);
        flags |= (protection & Protection.Append) != 0 ? AppendFlag(command) : 0;
        flags |= (protection & Protection.Immutable) != 0 ? ImmutableFlag(command) : 0;
        return Errno.None;
    }

    /// <summary>Sets the flags. An xattr keeps +a and +i; the upper file gets all others (ovl_fileattr_set).</summary>
    private Errno SetFlags(Inode inode, Fd file, uint command, Span<byte> argument)
    {
        ref uint flags = ref MemoryMarshal.AsRef<uint>(argument);
        Protection protection = ProtectionIn(command, flags);
        flags &= ~(AppendFlag(command) | ImmutableFlag(command));
        Errno error = _protections.Set(inode, file, protection);
        if (error != Errno.None)
            return error;
        return Sys.IoCtl(file, command, argument);
    }

    /// <summary>FS_XFLAG_APPEND, FS_APPEND_FL.</summary>
    private static uint AppendFlag(uint command) => command is IoControls.GetProject or IoControls.SetProject ? 0x10u : 0x20u;

    /// <summary>FS_XFLAG_IMMUTABLE, FS_IMMUTABLE_FL.</summary>
    private static uint ImmutableFlag(uint command) => command is IoControls.GetProject or IoControls.SetProject ? 0x8u : 0x10u;
}
