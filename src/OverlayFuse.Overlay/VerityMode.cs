namespace OverlayFuse.Overlay;

/// <summary>The values of verity= (overlayfs.rst, "fs-verity support").</summary>
public enum VerityMode
{
    /// <summary>The daemon neither writes nor checks digests in metacopies.</summary>
    Off,

    /// <summary>A digest in a metacopy must be right. A new metacopy gets one if its data have one.</summary>
    On,

    /// <summary>Every metacopy must have a digest.</summary>
    Require,
}
