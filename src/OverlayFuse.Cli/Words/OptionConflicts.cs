using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Words;

/// <summary>
/// Which options cannot stand together (ovl_fs_params_verify, EINVAL in the kernel). An option that was not written gives way to one
/// that was.
/// </summary>
internal static class OptionConflicts
{
    /// <summary>What redirect_dir= comes to; null: not written, so what the marks allow.</summary>
    /// <exception cref="UsageException">userxattr, metacopy= and redirect_dir= contradict each other.</exception>
    public static RedirectMode? Redirect(MountSettings settings)
    {
        bool metacopy = settings.Metacopy ?? false;
        if (settings.UserXattr == true)
            RefuseWithUserXattr(settings, metacopy);
        bool needsOn = settings.UpperDir is not null;
        if (metacopy && (needsOn ? settings.Redirect is not (null or RedirectMode.On) : settings.Redirect is RedirectMode.NoFollow))
            throw new UsageException("option metacopy=on: needs redirect_dir=on; write that, or leave redirect_dir out");
        return settings.Redirect ?? (metacopy ? RedirectMode.On : null);
    }

    /// <summary>What index= and nfs_export= come to. Without an upper there is nothing to index.</summary>
    /// <exception cref="UsageException">nfs_export=on, index= and metacopy= contradict each other.</exception>
    public static (bool Index, bool NfsExport) Index(MountSettings settings)
    {
        if (!settings.NfsExport || (settings.UpperDir is null && settings.Redirect is not RedirectMode.NoFollow))
            return (settings.Index ?? false, settings.NfsExport);
        if (settings.Index == false)
            throw new UsageException("option nfs_export=on: needs index=on; write that, or leave index out");
        if (settings.Metacopy == true)
            throw new UsageException("option nfs_export=on: cannot stand with metacopy=on, as in the kernel; leave one of them out");
        return (true, settings.Verity == VerityMode.Off); // which makes metacopies
    }

    /// <summary>What allow_other comes to.</summary>
    /// <exception cref="UsageException">allow_root says something else.</exception>
    public static bool? AllowOther(MountSettings settings) => settings is { AllowOther: true, AllowRoot: true }
        ? throw new UsageException("option allow_root: cannot stand with allow_other, as in libfuse; leave one of them out")
        : settings.AllowOther;

    /// <summary>
    /// A mount that the caller has made already may lack default_permissions. With ACLs the kernel checks permissions all the same (FUSE_POSIX_ACL); without
    /// them everybody could do everything.
    /// </summary>
    /// <exception cref="UsageException">An option switches ACLs off.</exception>
    public static void RefuseForeign(MountRequest request)
    {
        if (request.Overlay.NoAcl || request.Overlay.NoXattrs)
            throw new UsageException(
                $"option {(request.Overlay.NoAcl ? "noacl" : "noxattrs")}: cannot stand with the mountpoint {request.MountPoint}, a mount of the caller's, which may not check permissions then; leave it out");
        if (request.Overlay is { ReadOnly: true, UpperDir: not null })
            throw new UsageException(
                $"option ro: cannot stand with the mountpoint {request.MountPoint}, a mount of the caller's, which would be written to all the same; "
                + "leave out upperdir and workdir, or mount it read-only and leave out ro");
        if (request.AllowRoot)
            throw new UsageException($"option allow_root: cannot stand with the mountpoint {request.MountPoint}, a mount of the caller's, who says then which users may enter; leave it out");
    }

    /// <summary>What writeback= comes to: the kernel takes size and times of files for its own, and asks nobody before it takes what is written.</summary>
    /// <exception cref="UsageException">Another option wants to be asked, or sizes and times to be looked at again.</exception>
    public static bool WriteBack(MountSettings settings)
    {
        if (!settings.WriteBack)
            return false;
        if (settings.Io is IoMode.Passthrough)
            throw new UsageException("option writeback=1: cannot stand with io=passthrough, which writes at the kernel's speed by itself (the kernel refuses both together); leave one of them out");
        if (settings.Io is IoMode.Stateless)
            throw new UsageException("option writeback=1: cannot stand with io=stateless, for what is refused must be refused by the open; write io=open, or leave one of them out");
        if (settings.DirectIo)
            throw new UsageException("option writeback=1: cannot stand with direct_io; leave one of them out");
        if (settings.AutoCache || settings.CacheTimeout == TimeSpan.Zero || settings.AttributeTimeout == TimeSpan.Zero)
            throw new UsageException(
                $"option writeback=1: cannot stand with {(settings.AutoCache ? "auto_cache" : settings.CacheTimeout == TimeSpan.Zero ? "timeout=0" : "attr_timeout=0")}, " +
                "for the kernel believes no size from elsewhere; leave one of them out");
        return true;
    }

    /// <summary>Marks that any user can write must lead nowhere.</summary>
    private static void RefuseWithUserXattr(MountSettings settings, bool metacopy)
    {
        if (metacopy)
            throw new UsageException("option metacopy=on: cannot stand with userxattr, as in the kernel; leave one of them out");
        if (settings.Redirect is not (null or RedirectMode.NoFollow))
            throw new UsageException(
                $"option redirect_dir={(settings.Redirect is RedirectMode.On ? "on" : "follow (off means the same)")}: cannot stand with userxattr, as in the kernel; " +
                "write redirect_dir=nofollow, or leave one of them out");
    }
}
