using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>What io=passthrough needs, as far as it can be known before mounting.</summary>
public static class PassthroughChecks
{
    /// <summary>The first version with FUSE passthrough.</summary>
    private static readonly Version s_passthrough = new(6, 9);

    /// <summary>Whether the kernel lets this process register backing files: CAP_SYS_ADMIN outside of user namespaces.</summary>
    public static bool MayPassThrough => CallerProcess.IsSystemAdministrator;

    /// <summary>What can be known before mounting.</summary>
    /// <exception cref="MountRefusedException">Passthrough was asked for and the kernel would not let us.</exception>
    internal static void Require(OverlayOptions options, LayerStack layers)
    {
        if (options.Io != IoMode.Passthrough)
            return;
        if (Obstacle(MayPassThrough, layers.AreLowersReadOnly, Environment.OSVersion.Version) is { } obstacle)
            throw new MountRefusedException($"option io=passthrough: {obstacle}, or write io=auto");
    }

    /// <summary>The first that is in the way, with the remedy; null: nothing that can be known before mounting.</summary>
    internal static string? Obstacle(bool mayPassThrough, bool areLowersReadOnly, Version kernel)
    {
        if (kernel < s_passthrough)
            return $"needs Linux 6.9 or later, and this is {kernel}; use a newer kernel";
        if (!mayPassThrough)
            return "needs CAP_SYS_ADMIN outside of user namespaces; mount as root";
        return areLowersReadOnly ? null
            : "the lower layers cannot be mounted read-only for it in this mount namespace (open_tree(2)); mount in a namespace that is yours";
    }
}
