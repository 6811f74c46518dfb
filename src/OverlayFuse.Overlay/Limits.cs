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

    /// <summary>Room for the name of an xattr on disk, bytes with its NUL: XATTR_NAME_MAX and a prefix that escapes it.</summary>
    public const int StoredXattrName = 280;

    /// <summary>Room for the records of one getdents64(2), bytes.</summary>
    public const int ListingBuffer = 64 << 10;

    /// <summary>In place of the number of a lower layer: the upper layer, or no layer.</summary>
    public const ushort NoLayer = ushort.MaxValue;

    /// <summary>
    /// Bytes. A lower file of this size or more is passed through on a writable mount too. Below it the kernel's page cache serves as well, and small
    /// files are the ones that are locked, watched and appended to while others have them open.
    /// </summary>
    public const ulong LargeLowerFile = 1 << 20;
}
