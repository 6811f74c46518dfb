using OverlayFuse.Linux;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>Copies xattrs from a lower file to its copy (ovl_copy_xattr), except the private ones.</summary>
internal static class XattrCopy
{
    [ThreadStatic]
    private static byte[]? t_list;

    [ThreadStatic]
    private static byte[]? t_value;

    public static Errno CopyAll(Fd fromDirectory, Name fromName, Fd toDirectory, Name toName, OverlayXattr xattrs)
    {
        Errno error = Sys.ListXattrAt(fromDirectory, fromName, default, out int length);
        if (error == Errno.EOPNOTSUPP || (error == Errno.None && length == 0))
            return Errno.None;
        byte[] list = t_list ??= new byte[Limits.XattrSizeMax];
        error = Sys.ListXattrAt(fromDirectory, fromName, list, out length);
        ReadOnlySpan<byte> rest = list.AsSpan(0, length);
        while (error == Errno.None && Name.TryTake(rest, out Name xattr))
        {
            rest = rest[(xattr.Length + 1)..];
            if (!xattrs.IsPrivate(xattr))
                error = CopyOne(fromDirectory, fromName, toDirectory, toName, xattr);
        }
        return error;
    }

    private static Errno CopyOne(Fd fromDirectory, Name fromName, Fd toDirectory, Name toName, Name xattr)
    {
        byte[] value = t_value ??= new byte[Limits.XattrSizeMax];
        Errno error = Sys.GetXattrAt(fromDirectory, fromName, xattr, value, out int length);
        // Another process has removed it since it was listed.
        if (error == Errno.ENODATA)
            return Errno.None;
        if (error == Errno.None && AclIds.IsAcl(xattr))
            error = AclIds.WithoutStrangers(value, ref length);
        if (error == Errno.None)
            error = Sys.SetXattrAt(toDirectory, toName, xattr, value.AsSpan(0, length));
        return error switch
        {
            Errno.EOPNOTSUPP when !MustBeKept(xattr) => Errno.None,
            // An LSM keeps it to itself.
            Errno.EPERM when EscapedSecurity.IsSecurity(xattr) && !xattr.Equals(FileCapability.Xattr) => Errno.None,
            // An ordinary user must not set it.
            Errno.EPERM when Sys.EffectiveUid != 0 && !xattr.StartsWith("user."u8) => Errno.None,
            _ => error,
        };
    }

    /// <summary>True for xattrs that hold rights: a copy without them would allow or forbid other things.</summary>
    private static bool MustBeKept(Name xattr) => AclIds.IsAcl(xattr) || EscapedSecurity.IsSecurity(xattr);
}
