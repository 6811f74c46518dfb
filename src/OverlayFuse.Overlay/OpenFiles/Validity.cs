namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>The time for which the kernel may use an answer, in FUSE's two fields.</summary>
/// <param name="time">The time.</param>
internal readonly struct Validity(TimeSpan time)
{
    public ulong Seconds => (ulong)(time.Ticks / TimeSpan.TicksPerSecond);

    public uint Nanoseconds => (uint)(time.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
}
