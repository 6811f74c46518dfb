namespace OverlayFuse.Overlay;

/// <summary>The values of xattr_permissions=: the place of owners and modes.</summary>
public enum XattrPermissions
{
    /// <summary>0: in the files themselves, as far as the disk allows it.</summary>
    None,

    /// <summary>1: in security.fuseoverlayfs.override_stat.</summary>
    Privileged,

    /// <summary>2: in user.containers.override_stat.</summary>
    User,
}
