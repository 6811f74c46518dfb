namespace OverlayFuse.Overlay.Layers;

/// <summary>Numbers of ioctl(2) on files (linux/fs.h).</summary>
internal static class IoControls
{
    /// <summary>FS_IOC_GETFLAGS.</summary>
    public const uint GetFlags = 0x80086601;

    /// <summary>FS_IOC_SETFLAGS.</summary>
    public const uint SetFlags = 0x40086602;

    /// <summary>FS_IOC_FSGETXATTR.</summary>
    public const uint GetProject = 0x801C581F;

    /// <summary>FS_IOC_FSSETXATTR.</summary>
    public const uint SetProject = 0x401C5820;
}
