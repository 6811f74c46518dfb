namespace OverlayFuse.Overlay;

/// <summary>What verity= says (overlayfs.rst, "fs-verity support").</summary>
public enum VerityMode
{
    /// <summary>Digests of metacopies are neither made nor looked at.</summary>
    Off,

    /// <summary>Those that are there must be right, and are made where the data have one.</summary>
    On,

    /// <summary>Every metacopy must have one.</summary>
    Require,
}
