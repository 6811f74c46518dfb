namespace OverlayFuse.Fuse.Protocol;

/// <summary>Sizes and limits of the protocol that belong to no struct.</summary>
internal static class Wire
{
    /// <summary>FUSE_KERNEL_VERSION.</summary>
    internal const uint Major = 7;

    /// <summary>Oldest minor version spoken: Linux 5.4. The oldest kernel that it was tried on is 5.10.</summary>
    internal const uint OldestMinor = 31;

    /// <summary>Newest minor version spoken: Linux 6.18.</summary>
    internal const uint NewestMinor = 45;

    /// <summary>FUSE_MIN_READ_BUFFER.</summary>
    internal const int MinReadBuffer = 8192;

    /// <summary>PATH_MAX: no symbolic link is longer, less the NUL.</summary>
    internal const int PathMax = 4096;

    /// <summary>FUSE_INT_REQ_BIT: an INTERRUPT's own number is that of its victim with this bit.</summary>
    internal const ulong InterruptBit = 1;

    /// <summary>FUSE_REC_ALIGN.</summary>
    internal static int Align(int length) => (length + 7) & ~7;
}
