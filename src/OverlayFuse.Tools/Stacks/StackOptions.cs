using OverlayFuse.Overlay;

namespace OverlayFuse.Tools.Stacks;

/// <summary>Reads the mount options that say where layers are, and how their marks are read.</summary>
internal static class StackOptions
{
    /// <summary>Applies the options of a mount one by one. Those that say nothing about layers are passed over.</summary>
    /// <param name="options">"name" or "name=value".</param>
    /// <param name="start">The options so far.</param>
    public static OverlayOptions Apply(IEnumerable<string> options, OverlayOptions start) =>
        options.Aggregate(start, (all, option) => Apply(option, all) ?? all);

    /// <summary>Applies one option.</summary>
    /// <returns>Null if it says nothing about layers.</returns>
    public static OverlayOptions? Apply(string option, OverlayOptions to)
    {
        int equals = option.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? option : option[..equals], value = equals < 0 ? "" : option[(equals + 1)..];
        return name switch
        {
            "lowerdir" => WithLowers(value, to),
            // Their paths have no escapes (ovl_parse_layer).
            "lowerdir+" => to with { LowerDirs = [.. to.LowerDirs, value] },
            "datadir+" => to with { DataDirs = [.. to.DataDirs, value] },
            "upperdir" => to with { UpperDir = value },
            "workdir" => to with { WorkDir = value },
            "userxattr" => to with { UserXattr = true },
            "metacopy" => to with { Metacopy = value == "on", Redirect = value == "on" ? RedirectMode.On : to.Redirect },
            "redirect_dir" => to with { Redirect = Redirects(value, to.Redirect) },
            _ => null,
        };
    }

    /// <summary>Puts the layers of a value of lowerdir= into the options.</summary>
    /// <exception cref="UsageException">A layer's name is empty.</exception>
    public static OverlayOptions WithLowers(string lowerdir, OverlayOptions to)
    {
        List<string> lowers = LayerList.Split(lowerdir, out List<string> data);
        return to with { LowerDirs = lowers, DataDirs = data };
    }

    private static RedirectMode? Redirects(string value, RedirectMode? others) => value switch
    {
        "on" => RedirectMode.On,
        "off" or "follow" => RedirectMode.Follow,
        "nofollow" => RedirectMode.NoFollow,
        _ => others,
    };
}
