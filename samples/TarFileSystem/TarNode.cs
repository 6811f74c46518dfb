using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace TarFileSystem;

/// <summary>An inode. Nothing changes after the archive is read, so it needs no lock.</summary>
internal sealed class TarNode
{
    /// <summary>The fields of stat(2).</summary>
    internal Attr Attr;

    internal NodeId Id => new(Attr.Ino);

    internal FileType Type => (FileType)(Attr.Mode & (uint)FileType.Mask);

    internal bool IsDirectory => Type == FileType.Directory;

    /// <summary>The directory that holds this one; of the root itself.</summary>
    internal required TarNode? Parent { get; init; }

    /// <summary>Of a directory, in the order of the archive.</summary>
    internal OrderedDictionary<string, TarNode> Names { get; } = new(StringComparer.Ordinal);

    /// <summary>Of a regular file, in ascending order. All else is a hole.</summary>
    internal IReadOnlyList<Extent> Extents { get; set; } = [];

    /// <summary>Of a symbolic link.</summary>
    internal byte[] Target { get; set; } = [];

    internal IReadOnlyDictionary<string, byte[]> Xattrs { get; set; } = new Dictionary<string, byte[]>();
}

/// <summary>A part of a file.</summary>
/// <param name="Offset">Its place in the file.</param>
/// <param name="Length">Its length.</param>
/// <param name="InArchive">Its place in the archive.</param>
internal readonly record struct Extent(long Offset, long Length, long InArchive);
