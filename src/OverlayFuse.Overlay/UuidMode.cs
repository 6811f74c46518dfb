namespace OverlayFuse.Overlay;

/// <summary>The values of uuid=.</summary>
public enum UuidMode
{
    /// <summary>A new overlay gets a uuid.</summary>
    Auto,

    /// <summary>Every overlay gets a uuid.</summary>
    On,

    /// <summary>off, null: no uuid is written.</summary>
    Off,
}
