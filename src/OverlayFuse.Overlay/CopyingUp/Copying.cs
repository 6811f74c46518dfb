using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>One copy-up: the lower file and the part of it that is copied. Lives for one call.</summary>
internal readonly ref struct Copying
{
    private readonly long _dataLimit;

    public Copying(Inode inode, in FoundFile lower, in Statx stat, long dataLimit)
    {
        Inode = inode;
        Lower = lower;
        Stat = stat;
        _dataLimit = dataLimit == CopyUp.NoData ? long.MaxValue : dataLimit;
    }

    public Inode Inode { get; }

    public readonly FoundFile Lower;

    public readonly Statx Stat;

    /// <summary>The data stay below.</summary>
    public bool IsMetacopy { get; init; }

    /// <summary>Bytes of data in the lower file.</summary>
    public long Size => Stat.Type == FileType.Regular ? (long)Stat.Size : 0;

    /// <summary>Bytes of data that are copied.</summary>
    public long Length => IsMetacopy ? 0 : Math.Min(Size, _dataLimit);

    /// <summary>The caller cuts off the data that are not copied.</summary>
    public bool IsCut => !IsMetacopy && Length < Size;
}

/// <summary>The result of a copy-up, before it is in place.</summary>
/// <param name="lower">The lower file.</param>
internal ref struct Copied(Statx lower)
{
    /// <summary>The upper file. Only the number is filled in.</summary>
    public Statx Stat;

    public readonly Statx Lower => lower;

    /// <summary>The place of a metacopy's data; null for a whole copy.</summary>
    public LowerData? Data { get; init; }
}
