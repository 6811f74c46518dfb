using System.Diagnostics.CodeAnalysis;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace MemoryFileSystem;

/// <summary>An inode. Its lock is the file system's.</summary>
internal sealed class Node
{
    internal const uint SetGid = 0x400;
    private const ulong Long = 3600;

    /// <summary>The fields of stat(2), but for size and blocks, which the content knows.</summary>
    internal Attr Attr;

    internal Node(uint mode) => Attr = new Attr { Mode = mode, Nlink = 1, BlkSize = Content.PageSize };

    internal NodeId Id { get; set; } = NodeId.Root;

    internal FileType Type => (FileType)(Attr.Mode & (uint)FileType.Mask);

    /// <summary>Of a regular file; of a symbolic link the target.</summary>
    internal Content Content { get; } = new();

    /// <summary>Of a directory; null for all others.</summary>
    internal Names? Names { get; init; }

    internal SortedDictionary<string, byte[]> Xattrs { get; } = new(StringComparer.Ordinal);

    /// <summary>The directory that holds this one; the root is its own.</summary>
    [AllowNull]
    internal Node Parent { get => field ?? this; set; }

    internal static TimeSpec Now
    {
        get
        {
            (long seconds, long ticks) = Math.DivRem((DateTime.UtcNow - DateTime.UnixEpoch).Ticks, TimeSpan.TicksPerSecond);
            return new TimeSpec(seconds, ticks * TimeSpan.NanosecondsPerTick);
        }
    }

    /// <summary>The content has changed.</summary>
    internal void Modify() => Attr.Modified = Attr.Changed = Now;

    /// <summary>The kernel alone changes this file system, through its own cache, so it may believe the answer for long.</summary>
    internal AttrOut ToAttr() => new() { AttrValid = Long, Attr = Shown() };

    internal EntryOut ToEntry() => new() { NodeId = Id, EntryValid = Long, AttrValid = Long, Attr = Shown() };

    private Attr Shown() => Attr with
    {
        Ino = Id.Value,
        Size = (ulong)Content.Size,
        Blocks = (ulong)Content.Pages * (Content.PageSize / 512),
    };
}
