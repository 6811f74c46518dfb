namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// What must not be had with marks that any user can write (user.overlay.*) without saying so: EPERM in the kernel, which then lacks
/// trusted.* (ovl_fs_params_verify).
/// </summary>
internal static class MarkChecks
{
    private const string Remedy = "mount as root of the first user namespace, or leave it out";

    /// <summary>Refuses what leads somewhere by marks.</summary>
    /// <param name="options">What is to be mounted; UserXattr as it was asked for.</param>
    /// <param name="isUser">What marks will be.</param>
    /// <exception cref="MountRefusedException">It needs marks that only root can write.</exception>
    public static void RefuseUntrusted(OverlayOptions options, bool isUser)
    {
        if (!isUser || options.UserXattr == true)
            return;
        string? needy = options.Metacopy ? "metacopy=on"
            : options.Redirect is RedirectMode.On or RedirectMode.Follow ? $"redirect_dir={(options.Redirect is RedirectMode.On ? "on" : "follow")}"
            : options.Verity != VerityMode.Off ? "verity=on"
            : options.DataDirs.Count > 0 ? "datadir=" + options.DataDirs[0] : null;
        if (needy is not null)
            throw new MountRefusedException($"{needy}: needs xattrs trusted.*, which this user may not set (EPERM); {Remedy}");
    }
}
