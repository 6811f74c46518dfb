namespace OverlayFuse.Fuse.Mounting;

/// <summary>MS_* of mount(2), those that FUSE supports.</summary>
[Flags]
public enum FuseMountFlags : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>MS_RDONLY.</summary>
    ReadOnly = 1 << 0,
    /// <summary>MS_NOSUID.</summary>
    NoSuid = 1 << 1,
    /// <summary>MS_NODEV.</summary>
    NoDev = 1 << 2,
    /// <summary>MS_NOEXEC.</summary>
    NoExec = 1 << 3,
    /// <summary>MS_SYNCHRONOUS.</summary>
    Sync = 1 << 4,
    /// <summary>MS_DIRSYNC.</summary>
    DirSync = 1 << 7,
    /// <summary>MS_NOATIME.</summary>
    NoAtime = 1 << 10,
    /// <summary>MS_NODIRATIME.</summary>
    NoDirAtime = 1 << 11,
    /// <summary>MS_RELATIME.</summary>
    RelAtime = 1 << 21,
    /// <summary>MS_STRICTATIME.</summary>
    StrictAtime = 1 << 24,
    /// <summary>MS_LAZYTIME.</summary>
    LazyTime = 1 << 25,
}

/// <summary>The mountpoint and the options of a mount.</summary>
public sealed record FuseMountOptions
{
    /// <summary>An existing directory.</summary>
    public required string MountPoint { get; init; }

    /// <summary>The source: the first column of /proc/mounts.</summary>
    public required string Source { get; init; }

    /// <summary>The subtype. The type becomes fuse.SUBTYPE.</summary>
    public required string Subtype { get; init; }

    /// <summary>The flags of mount(2). fusermount3 adds nosuid and nodev for ordinary users.</summary>
    public FuseMountFlags Flags { get; init; }

    /// <summary>True if the kernel checks permissions by mode, owner and ACL.</summary>
    public bool DefaultPermissions { get; init; } = true;

    /// <summary>True if users other than the mounting one may enter. Ordinary users need user_allow_other in /etc/fuse.conf.</summary>
    public bool AllowOther { get; init; }

    /// <summary>The most bytes in a READ; 0: as many as MAX_PAGES allows.</summary>
    public int MaxRead { get; init; }

    /// <summary>
    /// True if fusermount3 mounts when the kernel refuses. Set it to false in a user namespace: fusermount3 has no more rights there.
    /// </summary>
    public bool UsesHelper { get; init; } = true;

    /// <summary>More options for the kernel, such as context="...". They are passed on unchanged.</summary>
    public string ExtraOptions { get; init; } = "";
}

/// <summary>Mounting or unmounting failed. The text names the thing, the value and the remedy.</summary>
/// <param name="message">The text.</param>
public sealed class FuseMountException(string message) : Exception(message);
