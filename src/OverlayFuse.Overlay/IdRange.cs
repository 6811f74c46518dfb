namespace OverlayFuse.Overlay;

/// <summary>One line of a mapping of ids, in the order of uid_map(5) and of fuse-overlayfs' uidmapping=.</summary>
/// <param name="Container">First id as it is on disk: what the file's owner is called in the container.</param>
/// <param name="Host">First id as the mount shows it: what that owner is on the host.</param>
/// <param name="Count">How many follow each other on both sides.</param>
public readonly record struct IdRange(uint Container, uint Host, uint Count);
