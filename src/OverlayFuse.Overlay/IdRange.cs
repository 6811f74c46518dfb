namespace OverlayFuse.Overlay;

/// <summary>One line of a mapping of ids, in the order of uid_map(5) and of fuse-overlayfs' uidmapping=.</summary>
/// <param name="Container">First id on disk: the owner's id in the container.</param>
/// <param name="Host">First id that the mount shows: the owner's id on the host.</param>
/// <param name="Count">Number of ids, which are consecutive on both sides.</param>
public readonly record struct IdRange(uint Container, uint Host, uint Count);
