namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>How long an answer holds, in FUSE's two fields.</summary>
/// <param name="time">The time.</param>
internal readonly struct Validity(TimeSpan time)
{
    public ulong Seconds => (ulong)(time.Ticks / TimeSpan.TicksPerSecond);

    public uint Nanoseconds => (uint)(time.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
}
