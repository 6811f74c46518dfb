namespace OverlayFuse.Overlay;

/// <summary>Bits of st_mode (stat.h).</summary>
internal static class Permissions
{
    /// <summary>0777: read, write and execute, for all.</summary>
    public const uint Access = 0x1FF;

    /// <summary>07777: <see cref="Access"/> with set-uid, set-gid and sticky.</summary>
    public const uint All = 0xFFF;

    /// <summary>0700.</summary>
    public const uint OwnerAll = 0x1C0;

    /// <summary>0600.</summary>
    public const uint OwnerReadWrite = 0x180;
}
