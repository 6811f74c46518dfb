using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.Merging;

/// <summary>A descriptor that <see cref="DirectoryCache"/> keeps, and its place in the directory.</summary>
/// <param name="Owner">The <see cref="LowerParts.Descriptors"/> of the directory.</param>
/// <param name="Slot">Its place there.</param>
/// <param name="Fd">The descriptor.</param>
internal readonly record struct CachedDescriptor(SafeFd?[] Owner, int Slot, SafeFd Fd)
{
    /// <summary>
    /// Takes the descriptor away from the directory, if the directory still has it. A thread that has borrowed it goes on undisturbed.
    /// </summary>
    public void Evict()
    {
        if (Fd is not null && Interlocked.CompareExchange(ref Owner[Slot], null, Fd) == Fd)
            Fd.Release();
    }

    /// <summary>Takes a reference to a descriptor, if there is one.</summary>
    /// <param name="field">In <see cref="LowerParts.Descriptors"/>.</param>
    /// <param name="shared">The descriptor.</param>
    public static bool TryAcquire(ref SafeFd? field, out SafeFd? shared)
    {
        while ((shared = Volatile.Read(ref field)) is not null)
        {
            // The descriptor may be evicted between the two lines.
            if (!shared.TryAcquire())
                continue;
            shared.RecentlyUsed = true;
            return true;
        }
        return false;
    }
}
