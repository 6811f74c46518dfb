namespace OverlayFuse.Overlay;

/// <summary>What uuid= says.</summary>
public enum UuidMode
{
    /// <summary>A new overlay gets one.</summary>
    Auto,

    /// <summary>Every overlay gets one.</summary>
    On,

    /// <summary>off, null: none is written.</summary>
    Off,
}
