namespace OverlayFuse.Fuse;

/// <summary>The settings of a session.</summary>
public sealed record FuseSessionOptions
{
    /// <summary>The workers that stay; 0: one per processor, at least 2.</summary>
    public int Workers { get; init; }

    /// <summary>
    /// The most workers. Those over <see cref="Workers"/> come while all others are stuck, and go afterwards. This many can hang at a time
    /// in a file system that does not answer. The system's limits of threads and memory apply too.
    /// </summary>
    public int MaxWorkers { get; init; } = 8192;

    /// <summary>
    /// The most bytes in one READ or WRITE, up to 1 MiB. It is rounded to pages of the kernel (4 KiB, on arm64 up to 64 KiB), and to what
    /// the kernel allows.
    /// </summary>
    public int MaxWrite { get; init; } = 1 << 20;

    /// <summary>
    /// The most bytes that the kernel reads ahead. The kernel may allow less, see <see cref="Mounting.FuseMount.AllowReadahead"/>.
    /// </summary>
    public uint MaxReadahead { get; init; } = uint.MaxValue;

    /// <summary>
    /// Has io_uring carry the requests where the kernel offers it (Linux 6.14 with fuse.enable_uring=1). Request and answer then stay on
    /// the processor of the caller. /dev/fuse carries them elsewhere.
    /// </summary>
    public bool UsesRing { get; init; } = true;

    /// <summary>
    /// The only user besides root that may enter a mount with <see cref="Mounting.FuseMountOptions.AllowOther"/>; null: every user may.
    /// </summary>
    public uint? OnlyUser { get; init; }

    /// <summary>
    /// Gets a line for each request and reply, and one for each feature at INIT; null: no trace. Many workers call it at once.
    /// </summary>
    public Action<string>? Trace { get; init; }

    /// <summary>Gets a line for each failure that no caller is told about; null: no log. Many workers call it at once.</summary>
    public Action<string>? Log { get; init; }
}
