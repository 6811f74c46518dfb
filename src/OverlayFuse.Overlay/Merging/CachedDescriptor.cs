using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.Merging;

/// <summary>A descriptor that <see cref="DirectoryCache"/> keeps: where it stands for those who look for it.</summary>
/// <param name="Owner">The <see cref="LowerParts.Descriptors"/> of the directory.</param>
/// <param name="Slot">Its place there.</param>
/// <param name="Fd">The descriptor.</param>
internal readonly record struct CachedDescriptor(SafeFd?[] Owner, int Slot, SafeFd Fd)
{
    /// <summary>Takes it away from the directory, unless that has let go of it; whoever has borrowed it goes on undisturbed.</summary>
    public void Evict()
    {
        if (Fd is not null && Interlocked.CompareExchange(ref Owner[Slot], null, Fd) == Fd)
            Fd.Release();
    }
}
