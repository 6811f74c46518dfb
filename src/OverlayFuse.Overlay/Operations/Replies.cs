using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.Operations;

/// <summary>What the kernel is told of an inode: its attributes, and for how long they hold.</summary>
/// <param name="view">The merged view.</param>
/// <param name="choice">Knows for how long attributes hold in each mode.</param>
/// <param name="caching">The caching that the options allow.</param>
internal sealed class Replies(MergedView view, FileAccessChoice choice, KernelCaching caching)
{
    /// <summary>The reply to a lookup, and to each operation that makes a name.</summary>
    public EntryOut ToEntry(Inode inode, in Statx stat) => new()
    {
        NodeId = inode.Id,
        Generation = inode.Generation,
        EntryValid = caching.Entries.Seconds,
        EntryValidNsec = caching.Entries.Nanoseconds,
        AttrValid = choice.Current.AttributeValidityOf(inode).Seconds,
        AttrValidNsec = choice.Current.AttributeValidityOf(inode).Nanoseconds,
        Attr = ToAttr(inode, stat),
    };

    /// <summary>The number of names that the mount shows, by the index where the file has an entry there.</summary>
    public static uint LinksOf(Inode inode, in Statx stat) =>
        inode is { HasUpper: true, Index: { } index } ? (uint)Math.Max(0, (int)stat.Nlink + index.Delta) : stat.Nlink;

    /// <summary>The attributes of an inode, as the mount shows them.</summary>
    public Attr ToAttr(Inode inode, in Statx stat)
    {
        bool hidesLinks = inode.Directory is { } directory
            && (view.Options.StaticNlink || (inode.HasUpper ? directory.Lowers.Length > 0 : directory.Lowers.Length > 1));
        ShownOwner owner = view.Owners.ShownOwnerOf(stat);
        return new Attr
        {
            Ino = inode.Ino,
            Size = stat.Size,
            Blocks = stat.Blocks,
            Atime = (ulong)stat.Atime.Seconds,
            Mtime = (ulong)stat.Mtime.Seconds,
            Ctime = (ulong)stat.Ctime.Seconds,
            AtimeNsec = stat.Atime.Nanoseconds,
            MtimeNsec = stat.Mtime.Nanoseconds,
            CtimeNsec = stat.Ctime.Nanoseconds,
            Mode = owner.Mode,
            // find(1) takes 1 for "not known" (ovl_getattr).
            Nlink = hidesLinks ? 1 : LinksOf(inode, stat),
            Uid = owner.Uid,
            Gid = owner.Gid,
            // As new_encode_dev.
            Rdev = (stat.RdevMinor & 0xFF) | (stat.RdevMajor << 8) | ((stat.RdevMinor & ~0xFFu) << 12),
            BlkSize = stat.BlockSize,
        };
    }
}
