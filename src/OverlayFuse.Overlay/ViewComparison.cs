using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>Whether a user can tell two entries of a view apart: by type, mode, owner, xattrs, and unless they are directories by time and content.</summary>
/// <param name="xattrs">Which private names are not shown.</param>
internal sealed class ViewComparison(OverlayXattr xattrs)
{
    /// <summary>XATTR_LIST_MAX and XATTR_SIZE_MAX; also how much of two files is compared at a time.</summary>
    private const int MaxSize = 64 << 10;

    private readonly byte[] _one = new byte[MaxSize];
    private readonly byte[] _other = new byte[MaxSize];

    /// <summary>Compares.</summary>
    /// <exception cref="IOException">One cannot be read.</exception>
    public bool Differ(ViewEntry before, ViewEntry after)
    {
        Statx one = before.Stat, other = after.Stat;
        if (before.Layer == after.Layer && (one.Dev, one.Ino) == (other.Dev, other.Ino))
            return false;
        if ((one.Mode, one.Uid, one.Gid) != (other.Mode, other.Uid, other.Gid) || Xattrs(before) != Xattrs(after))
            return true;
        if (one.IsDirectory)
            return false;
        if ((one.Size, one.Rdev, one.Mtime.ToTimeSpec()) != (other.Size, other.Rdev, other.Mtime.ToTimeSpec()))
            return true;
        return one.Type switch
        {
            FileType.SymLink => !Target(before).SequenceEqual(Target(after)),
            FileType.Regular => !IsMetacopy(before) && !IsMetacopy(after) && ContentDiffers(before, after),
            _ => false,
        };
    }

    private static byte[] Target(ViewEntry link)
    {
        byte[] target = new byte[4096];
        Errno error = Sys.ReadLinkAt(link.Directory, link.Name, target, out int length);
        if (error == Errno.EINVAL) // a regular file stands for it
        {
            ViewSearch.Require(Sys.OpenAt(link.Directory, link.Name, OpenFlags.ReadOnly | OpenFlags.NoFollow, out Fd opened), link.Name);
            using var file = new ScopedFd(opened);
            return target[..Fill(file, target, 0, link.Name)];
        }
        ViewSearch.Require(error, link.Name);
        return target[..length];
    }

    /// <summary>Its data are those of a file below.</summary>
    private bool IsMetacopy(ViewEntry file) =>
        Sys.GetXattrAt(file.Directory, file.Name, xattrs.Metacopy, default, out _) == Errno.None;

    /// <summary>Names and values that a user sees, in an order of their own.</summary>
    private string Xattrs(ViewEntry entry)
    {
        Errno error = Sys.ListXattrAt(entry.Directory, entry.Name, _one, out int length);
        if (error == Errno.EOPNOTSUPP)
            return "";
        ViewSearch.Require(error, entry.Name);
        var all = new List<string>();
        ReadOnlySpan<byte> rest = _one.AsSpan(0, length);
        while (Name.TryTake(rest, out Name xattr))
        {
            rest = rest[(xattr.Length + 1)..];
            if (xattrs.IsPrivate(xattr) || xattr.StartsWith("security.selinux"u8))
                continue;
            if (Sys.GetXattrAt(entry.Directory, entry.Name, xattr, _other, out int size) == Errno.None)
                all.Add($"{ShownName(xattr)}={Convert.ToHexString(_other.AsSpan(0, size))}");
        }
        all.Sort(StringComparer.Ordinal);
        return string.Join(' ', all);
    }

    private string ShownName(Name xattr) =>
        xattrs.HidesOverrides && EscapedSecurity.Is(xattr) ? xattr.ToString()[EscapedSecurity.PrefixLength..] : xattr.ToString();

    /// <summary>Sizes are equal.</summary>
    private bool ContentDiffers(ViewEntry before, ViewEntry after)
    {
        ViewSearch.Require(Sys.OpenAt(before.Directory, before.Name, OpenFlags.ReadOnly | OpenFlags.NoFollow, out Fd one), before.Name);
        using var oneOwner = new ScopedFd(one);
        ViewSearch.Require(Sys.OpenAt(after.Directory, after.Name, OpenFlags.ReadOnly | OpenFlags.NoFollow, out Fd other), after.Name);
        using var otherOwner = new ScopedFd(other);
        for (long at = 0; ; at += _one.Length)
        {
            int left = Fill(oneOwner, _one, at, before.Name);
            int right = Fill(otherOwner, _other, at, after.Name);
            if (!_one.AsSpan(0, left).SequenceEqual(_other.AsSpan(0, right)))
                return true;
            if (left < _one.Length)
                return false;
        }
    }

    private static int Fill(Fd file, byte[] buffer, long offset, Name name)
    {
        int filled = 0;
        while (filled < buffer.Length)
        {
            ViewSearch.Require(Sys.PRead(file, buffer.AsSpan(filled), offset + filled, out int count), name);
            if (count == 0)
                break;
            filled += count;
        }
        return filled;
    }
}
