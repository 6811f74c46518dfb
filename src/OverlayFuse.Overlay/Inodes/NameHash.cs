namespace OverlayFuse.Overlay.Inodes;

/// <summary>A hash of a name that is the same in each process and each version of the program: FNV-1a of 64 bits.</summary>
internal static class NameHash
{
    /// <param name="name">The name, without NUL.</param>
    public static ulong Of(ReadOnlySpan<byte> name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte letter in name)
            hash = (hash ^ letter) * 0x100000001B3;
        return hash;
    }
}
