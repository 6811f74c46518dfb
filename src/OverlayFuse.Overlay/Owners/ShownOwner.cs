namespace OverlayFuse.Overlay.Owners;

/// <summary>Owner, group and mode of a file as the mount shows them.</summary>
internal readonly record struct ShownOwner(uint Uid, uint Gid, ushort Mode);
