namespace OverlayFuse.Overlay;

/// <summary>
/// A fact about a directory, found out at its first use. It is one byte, so threads read and write it without a lock.
/// </summary>
internal enum Known : byte
{
    NotYet,
    No,
    Yes,
}
