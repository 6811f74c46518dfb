namespace OverlayFuse.Fuse.Workers;

/// <summary>The sizes of a pool.</summary>
/// <param name="Residents">The workers that stay.</param>
/// <param name="Limit">The most workers.</param>
/// <param name="Buffer">The most data in one request or reply, in bytes.</param>
internal readonly record struct PoolSize(int Residents, int Limit, int Buffer)
{
    /// <param name="workers">Workers that stay; 0: one per processor, at least 2.</param>
    /// <param name="maxWorkers">The most workers.</param>
    /// <param name="buffer">The most data in one request or reply, in bytes.</param>
    internal static PoolSize Of(int workers, int maxWorkers, int buffer)
    {
        int residents = workers > 0 ? workers : Math.Max(2, Environment.ProcessorCount);
        return new PoolSize(residents, Math.Max(residents, maxWorkers), buffer);
    }
}
