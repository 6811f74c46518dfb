namespace OverlayFuse.Fuse;

/// <summary>How a session works.</summary>
public sealed record FuseSessionOptions
{
    /// <summary>Workers that stay; 0: one a processor, at least 2.</summary>
    public int Workers { get; init; }

    /// <summary>
    /// Most workers: those over <see cref="Workers"/> come while all others are stuck, and go. As many as may hang at a time in a file
    /// system that does not answer; the system's limits of threads and memory hold besides.
    /// </summary>
    public int MaxWorkers { get; init; } = 8192;

    /// <summary>Most bytes in one READ or WRITE: a multiple of 4 KiB up to 1 MiB; less where the kernel allows less.</summary>
    public int MaxWrite { get; init; } = 1 << 20;

    /// <summary>Most bytes that the kernel reads ahead; it may allow less, see <see cref="Mounting.FuseMount.AllowReadahead"/>.</summary>
    public uint MaxReadahead { get; init; } = uint.MaxValue;

    /// <summary>
    /// The only user besides root that may enter a mount with <see cref="Mounting.FuseMountOptions.AllowOther"/>; null: everybody.
    /// </summary>
    public uint? OnlyUser { get; init; }

    /// <summary>
    /// Gets a line for each request and reply, and one for each feature at INIT; null: none. Called by many workers at once.
    /// </summary>
    public Action<string>? Trace { get; init; }

    /// <summary>Gets what went wrong without a caller to tell; null: nobody. Called by many workers at once.</summary>
    public Action<string>? Log { get; init; }
}
