namespace OverlayFuse.Overlay;

/// <summary>Sizes and numbers that several rooms share.</summary>
internal static class Limits
{
    /// <summary>NAME_MAX, bytes without the NUL: a longer name does not exist and cannot be created.</summary>
    public const int NameMax = 255;

    /// <summary>PATH_MAX, bytes without the NUL: the longest target of a symbolic link.</summary>
    public const int PathMax = 4095;

    /// <summary>XATTR_NAME_MAX, bytes without the NUL.</summary>
    public const int XattrNameMax = 255;

    /// <summary>XATTR_SIZE_MAX and XATTR_LIST_MAX, bytes.</summary>
    public const int XattrSizeMax = 64 << 10;

    /// <summary>Bytes for the name of an xattr on disk with its NUL: XATTR_NAME_MAX and a prefix that escapes it.</summary>
    public const int StoredXattrName = 280;

    /// <summary>Bytes for the records of one getdents64(2).</summary>
    public const int ListingBuffer = 64 << 10;

    /// <summary>Stands in place of a lower layer's number for the upper layer, or for no layer.</summary>
    public const ushort NoLayer = ushort.MaxValue;

    /// <summary>
    /// Bytes. A writable mount passes a lower file of this size or more through. For a smaller one the kernel's page cache is as fast, and
    /// programs tend to lock, watch and append to small files while others have them open.
    /// </summary>
    public const ulong LargeLowerFile = 1 << 20;
}
