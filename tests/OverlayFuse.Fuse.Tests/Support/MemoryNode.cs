using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests.Support;

/// <summary>An inode of <see cref="MemoryFileSystem"/>; its lock is the file system's.</summary>
internal sealed class MemoryNode(ulong id, uint mode)
{
    internal ulong Id { get; } = id;
    internal Attr Attr = new() { Ino = id, Mode = mode, Nlink = 1, BlkSize = 4096 };
    internal byte[] Data = [];
    internal SortedList<string, MemoryNode> Children { get; } = new(StringComparer.Ordinal);
    internal Dictionary<string, byte[]> Xattrs { get; } = [];
    internal MemoryNode? Parent { get; set; }
    internal ulong Lookups { get; set; }

    internal FileType Type => (FileType)(Attr.Mode & (uint)FileType.Mask);

    internal void Resize(ulong size)
    {
        Array.Resize(ref Data, (int)size);
        Attr.Size = size;
        Attr.Blocks = (size + 511) / 512;
    }

    internal void Touch()
    {
        TimeSpan now = DateTime.UtcNow - DateTime.UnixEpoch;
        Attr.Mtime = Attr.Ctime = (ulong)now.TotalSeconds;
        Attr.MtimeNsec = Attr.CtimeNsec = (uint)(now.Ticks % TimeSpan.TicksPerSecond * 100);
    }

    internal EntryOut ToEntry() => new()
    {
        NodeId = new NodeId(Id),
        EntryValid = 60,
        AttrValid = 60,
        Attr = Attr,
    };
}
