using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Owners;

/// <summary>A change of owner that the disk has refused. A regular file that stands for the file could show it.</summary>
internal struct Substitution
{
    public bool IsPossible { readonly get; init; }

    /// <summary>The file's own attributes.</summary>
    public Statx Own;

    /// <summary>The attributes to be shown.</summary>
    public Statx Wanted;
}
