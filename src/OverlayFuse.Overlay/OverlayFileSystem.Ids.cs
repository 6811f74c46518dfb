using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>Where owners in the mount and on disk meet.</summary>
public sealed partial class OverlayFileSystem
{
    private readonly ShownIds? _ids;

    /// <summary>What is created from here on belongs to the request's caller; where owners are kept in xattrs, to the mounter.</summary>
    private Errno AssumeCaller(in FuseRequest request) =>
        _overrides is { IsAlways: true } ? CallerIds.AssumeMounter() : CallerIds.Assume(OwnerOf(request));

    /// <summary>Whose a request's new files are, with ids as on disk.</summary>
    private Caller OwnerOf(in FuseRequest request) => _ids is null ? request.Caller : _ids.OnDisk(request.Caller);

    /// <summary>The mode with which a file is made: that of the file itself, not always the one that will be shown.</summary>
    private uint MadeMode(Inode parent, Fd upper, in Creation creation)
    {
        uint mode = ModeOf(parent, upper, creation.Mode, creation.UMask);
        return _overrides is { IsAlways: true } ? (mode & (uint)FileType.Mask) | StatOverrides.RealMode(mode) : mode;
    }

    /// <summary>Makes it, or for a device that we may not make, the regular file that stands for it.</summary>
    private Errno Make(in Creation creation, Fd directory, Name name, uint mode, out Fd opened)
    {
        Errno error = creation.MakeAt(directory, name, mode, out opened);
        bool substitutes = error == Errno.EPERM && _overrides is not null && creation.IsDevice;
        return substitutes ? MakeSubstitute(directory, name, default) : error;
    }

    /// <summary>Whether ids are in this xattr, and a map is there to change them.</summary>
    private bool HoldsMappedIds(Name xattr) =>
        _ids is { HasMap: true } && (AclIds.IsAcl(xattr) || xattr.Equals(FileCapability.Xattr));

    /// <summary>A value with ids in it as the mount shows it.</summary>
    private Errno GetMappedXattr(Inode inode, in RealName real, Name xattr, Span<byte> value, out int length)
    {
        Span<byte> capability = stackalloc byte[FileCapability.MaxSize];
        bool isAcl = AclIds.IsAcl(xattr);
        Span<byte> read = isAcl ? value : capability;
        if (GetStored(inode, real, xattr, read, out length) is not Errno.None and var error)
            return error;
        if (isAcl)
        {
            AclIds.Show(value[..Math.Min(value.Length, length)], _ids!);
            return Errno.None;
        }
        FileCapability.Show(capability, ref length, _ids!);
        if (value.Length < length)
            return value.IsEmpty ? Errno.None : Errno.ERANGE;
        capability[..length].CopyTo(value);
        return Errno.None;
    }

    /// <summary>A value with ids in it as it is stored.</summary>
    /// <returns>EINVAL for an id that the map leaves out.</returns>
    private Errno ToStoredIds(Name xattr, ref ReadOnlySpan<byte> value)
    {
        if (!HoldsMappedIds(xattr))
            return Errno.None;
        byte[] stored = new byte[Math.Max(value.Length, FileCapability.MaxSize)];
        int length = value.Length;
        value.CopyTo(stored);
        bool known = AclIds.IsAcl(xattr) ? AclIds.TryStore(stored.AsSpan(0, length), _ids!) : FileCapability.TryStore(stored, ref length, _ids!);
        value = stored.AsSpan(0, length);
        return known ? Errno.None : Errno.EINVAL;
    }
}
