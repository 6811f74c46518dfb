using OverlayFuse.Linux;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Changes;

/// <summary>
/// Tells if a user sees a difference between two entries of a view: in type, mode, owner and xattrs, and except for directories in time
/// and content.
/// </summary>
/// <param name="xattrs">The private names, which are not shown.</param>
internal sealed class ViewComparison(OverlayXattr xattrs)
{
    // XATTR_LIST_MAX and XATTR_SIZE_MAX. Also so much of two files is compared at a time.
    private readonly byte[] _one = new byte[Limits.XattrSizeMax];
    private readonly byte[] _other = new byte[Limits.XattrSizeMax];

    /// <summary>Compares.</summary>
    /// <exception cref="IOException">One cannot be read.</exception>
    public bool Differ(ViewEntry before, ViewEntry after)
    {
        Statx one = before.Stat, other = after.Stat;
        if (before.Top.Layer == after.Top.Layer && (one.Dev, one.Ino) == (other.Dev, other.Ino))
            return false;
        if (before.IsBroken || after.IsBroken)
            return true;
        if ((one.Mode, one.Uid, one.Gid) != (other.Mode, other.Uid, other.Gid) || Xattrs(before.Top) != Xattrs(after.Top))
            return true;
        if (one.IsDirectory)
            return false;
        if ((one.Size, one.Rdev, one.Mtime.ToTimeSpec()) != (other.Size, other.Rdev, other.Mtime.ToTimeSpec()))
            return true;
        return one.Type switch
        {
            FileType.SymLink => !Target(before.Top).SequenceEqual(Target(after.Top)),
            FileType.Regular => ContentDiffers(before.Data, after.Data),
            _ => false,
        };
    }

    private static byte[] Target(ViewPlace link)
    {
        byte[] target = new byte[4096];
        Errno error = Sys.ReadLinkAt(link.Directory, link.Name, target, out int length);
        // EINVAL: a regular file stands for the link.
        if (error == Errno.EINVAL)
        {
            ViewLayers.Require(Sys.OpenAt(link.Directory, link.Name, OpenFlags.ReadOnly | OpenFlags.NoFollow, out Fd opened), link.Name);
            using var file = new ScopedFd(opened);
            return target[..Fill(file, target, 0, link.Name)];
        }
        ViewLayers.Require(error, link.Name);
        return target[..length];
    }

    /// <summary>The names and values that a user sees, sorted.</summary>
    private string Xattrs(ViewPlace entry)
    {
        Errno error = Sys.ListXattrAt(entry.Directory, entry.Name, _one, out int length);
        if (error == Errno.EOPNOTSUPP)
            return "";
        ViewLayers.Require(error, entry.Name);
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

    /// <summary>Reads only the parts in which one of the files has data. The sizes that are shown are equal.</summary>
    private bool ContentDiffers(ViewPlace before, ViewPlace after)
    {
        using var one = new ScopedFd(Open(before));
        using var other = new ScopedFd(Open(after));
        ViewLayers.Require(Sys.FStatx(one, out Statx left), before.Name);
        ViewLayers.Require(Sys.FStatx(other, out Statx right), after.Name);
        if ((left.Dev, left.Ino) == (right.Dev, right.Ino))
            return false;
        if (left.Size != right.Size)
            return true;
        long size = (long)left.Size;
        for (long at = 0; (at = Math.Min(NextData(one, at, size), NextData(other, at, size))) < size; at += _one.Length)
        {
            int filled = Fill(one, _one, at, before.Name);
            if (filled != Fill(other, _other, at, after.Name) || !_one.AsSpan(0, filled).SequenceEqual(_other.AsSpan(0, filled)))
                return true;
        }
        return false;
    }

    private static Fd Open(ViewPlace file)
    {
        const OpenFlags flags = OpenFlags.ReadOnly | OpenFlags.NoFollow;
        Errno error = file.Name.Length == 0
            ? Sys.Reopen(file.Directory, flags, out Fd opened)
            : Sys.OpenAt(file.Directory, file.Name, flags, out opened);
        ViewLayers.Require(error, file.Name);
        return opened;
    }

    /// <summary>
    /// The offset of the next data at or behind an offset; the size if there are none. On a file system without SEEK_DATA all offsets
    /// have data.
    /// </summary>
    private static long NextData(Fd file, long at, long size)
    {
        Errno error = Sys.LSeek(file, at, Whence.Data, out long data);
        return error == Errno.None ? data : error == Errno.ENXIO ? size : at;
    }

    private static int Fill(Fd file, byte[] buffer, long offset, Name name)
    {
        int filled = 0;
        while (filled < buffer.Length)
        {
            ViewLayers.Require(Sys.PRead(file, buffer.AsSpan(filled), offset + filled, out int count), name);
            if (count == 0)
                break;
            filled += count;
        }
        return filled;
    }
}
