namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// Refuses options that any user could abuse through marks user.overlay.*, unless the command line asks for these marks. The kernel refuses
/// them with EPERM if it may not use trusted.* (ovl_fs_params_verify).
/// </summary>
internal static class MarkChecks
{
    private const string Remedy = "mount as root of the first user namespace, or leave it out";

    /// <summary>Refuses options that let a mark lead to another file.</summary>
    /// <param name="options">The options of the mount, with UserXattr from the command line.</param>
    /// <param name="isUser">True if the marks are user.overlay.*.</param>
    /// <exception cref="MountRefusedException">An option needs marks that only root can write.</exception>
    public static void RefuseUntrusted(OverlayOptions options, bool isUser)
    {
        if (!isUser || options.UserXattr == true)
            return;
        string? needy = options.Metacopy ? "metacopy=on"
            : options.Redirect is RedirectMode.On ? "redirect_dir=on"
            : options.Redirect is RedirectMode.Follow ? "redirect_dir=follow"
            : options.Verity != VerityMode.Off ? "verity=on"
            : options.DataDirs.Count > 0 ? "datadir=" + options.DataDirs[0] : null;
        if (needy is not null)
            throw new MountRefusedException($"{needy}: needs xattrs trusted.*, which this user may not set (EPERM); {Remedy}");
    }
}
