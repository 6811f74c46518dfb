using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>Checks before mounting if io=passthrough can work.</summary>
public static class PassthroughChecks
{
    /// <summary>The first version of Linux with FUSE passthrough.</summary>
    private static readonly Version s_passthrough = new(6, 9);

    /// <summary>True if the kernel lets this process register backing files: CAP_SYS_ADMIN outside of user namespaces.</summary>
    public static bool MayPassThrough => CallerProcess.IsSystemAdministrator;

    /// <summary>Refuses a mount whose passthrough cannot work.</summary>
    /// <exception cref="MountRefusedException">The options ask for passthrough and the kernel would refuse it.</exception>
    internal static void Require(OverlayOptions options, LayerStack layers)
    {
        if (options.Io != IoMode.Passthrough)
            return;
        if (Obstacle(MayPassThrough, layers.AreLowersReadOnly, Environment.OSVersion.Version) is { } obstacle)
            throw new MountRefusedException($"option io=passthrough: {obstacle}, or write io=auto");
    }

    /// <summary>The first obstacle with its remedy; null if none can be known before mounting.</summary>
    internal static string? Obstacle(bool mayPassThrough, bool areLowersReadOnly, Version kernel)
    {
        if (kernel < s_passthrough)
            return $"needs Linux 6.9 or later, and this is {kernel}; use a newer kernel";
        if (!mayPassThrough)
            return "needs CAP_SYS_ADMIN outside of user namespaces; mount as root";
        return areLowersReadOnly ? null
            : "the lower layers cannot be mounted read-only for it in this mount namespace (open_tree(2)); "
            + "mount in a namespace that is yours";
    }
}
