namespace OverlayFuse.Output;

/// <summary>Takes bytes that are written.</summary>
internal delegate void ByteSink(ReadOnlySpan<byte> bytes);

/// <summary>A list of changes that is written as it is found.</summary>
internal interface IChangeWriter
{
    /// <summary>Adds one change.</summary>
    /// <param name="kind">A (added), M (modified) or D (deleted).</param>
    /// <param name="path">Any bytes.</param>
    void Add(char kind, ReadOnlySpan<byte> path);

    /// <summary>Ends the list. A list without an end is not complete.</summary>
    void End();
}
