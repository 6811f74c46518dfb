namespace OverlayFuse.Overlay;

/// <summary>A fact about a directory that is found out when it is first needed. One byte, so that it can be read and written without a lock.</summary>
internal enum Known : byte
{
    NotYet,
    No,
    Yes,
}
