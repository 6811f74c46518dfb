namespace OverlayFuse.Overlay;

/// <summary>xattr_permissions=.</summary>
public enum XattrPermissions
{
    /// <summary>0: in the files themselves, as far as the disk lets us.</summary>
    None,

    /// <summary>1: in security.fuseoverlayfs.override_stat.</summary>
    Privileged,

    /// <summary>2: in user.containers.override_stat.</summary>
    User,
}
