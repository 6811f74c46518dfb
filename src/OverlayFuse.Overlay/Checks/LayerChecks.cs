using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// Refuses mounts that cannot work, before anything is mounted or written. The rules are those of the kernel's ovl_get_tree path
/// (ovl_check_overlapping_layers, ovl_workdir_ok, ovl_get_upper), stricter where the kernel only warns.
/// </summary>
public static class LayerChecks
{
    private const string BesideRemedy = "use directories that lie beside each other";

    /// <summary>Checks everything that can be seen without writing, takes hold of upper and work, then probes the work directory.</summary>
    /// <param name="options">The options of the mount.</param>
    /// <param name="mountPoint">An absolute path. Null if the caller has mounted already.</param>
    /// <param name="tell">Gets a line for the user while the mount waits for another daemon. Null: nothing is told.</param>
    /// <exception cref="MountRefusedException">It cannot be mounted.</exception>
    /// <returns>The hold on upper and work, with the final options.</returns>
    public static UpperHold Check(OverlayOptions options, string? mountPoint, Action<string>? tell = null)
    {
        MountTable mounts = OwnMounts.Read();
        var places = new List<LayerPlace>();
        try
        {
            using LayerPlace? merged = mountPoint is null ? null : LayerPlace.Open("mountpoint", mountPoint, mounts);
            places.AddRange(options.LowerDirs.Select(path => LayerPlace.Open("lowerdir", path, mounts)));
            places.AddRange(options.DataDirs.Select(path => LayerPlace.Open("datadir", path, mounts)));
            options = options with { Sites = SitesOf(places) };
            if (options.UpperDir is null || options.WorkDir is null)
            {
                RefusePlaces(places, merged);
                MarkChecks.RefuseUntrusted(options, !UserNamespace.IsRootOfFirst());
                return new UpperHold(options, []);
            }
            if (options.Index)
                places.ForEach(lower => KernelMounts.RefuseInUse(lower, mounts));
            LayerPlace upper = Add(places, LayerPlace.Open("upperdir", options.UpperDir, mounts));
            LayerPlace work = Add(places, LayerPlace.Open("workdir", options.WorkDir, mounts));
            RefusePlaces(places, merged);
            OverlayOptions effective = options with { ReadOnly = options.ReadOnly && UpperChecks.IsReadOnly(upper) };
            UpperChecks.Check(upper, work, effective, mounts);
            return UpperHold.Take(upper, work, effective, tell);
        }
        finally
        {
            places.ForEach(place => place.Dispose());
        }
    }

    private static void RefusePlaces(List<LayerPlace> layers, LayerPlace? mountPoint)
    {
        RefuseOverlaps(layers);
        if (mountPoint is not null)
            MountsWithin.RefuseMountPoint(layers, mountPoint);
    }

    /// <summary>Refuses directories that lie in each other.</summary>
    /// <param name="places">All layers and the work directory.</param>
    public static void RefuseOverlaps(IReadOnlyList<LayerPlace> places)
    {
        if (!LayerPlace.HaveOverlap(places))
            return;
        // The text names the first two in the user's order.
        for (int i = 0; i < places.Count; i++)
            for (int j = i + 1; j < places.Count; j++)
                RefuseOverlap(places[i], places[j]);
    }

    /// <summary>
    /// Refuses two directories if one lies in the other, as the kernel does (ELOOP). The kernel allows an upper inside a lower, but such an
    /// upper shows itself in the merged view.
    /// </summary>
    /// <param name="one">A layer, or the work directory.</param>
    /// <param name="other">Another one.</param>
    public static void RefuseOverlap(LayerPlace one, LayerPlace other)
    {
        bool holds = one.Contains(other);
        bool isHeld = other.Contains(one);
        bool isNamedTwice = one.Path == other.Path && one.Label == other.Label;
        if (holds && isHeld)
            throw Overlap($"{other}: the same directory as {(isNamedTwice ? "a layer above it" : one)}; name each directory once");
        if (holds)
            throw Overlap($"{other}: lies inside {one}; {BesideRemedy}");
        if (isHeld)
            throw Overlap($"{one}: lies inside {other}; {BesideRemedy}");
    }

    private static MountRefusedException Overlap(string message) => new(message) { Error = Errno.ELOOP };

    private static Dictionary<string, LayerSite> SitesOf(List<LayerPlace> lowers)
    {
        var sites = new Dictionary<string, LayerSite>();
        foreach (LayerPlace lower in lowers)
            sites[lower.Path] = lower.Site;
        return sites;
    }

    private static LayerPlace Add(List<LayerPlace> places, LayerPlace place)
    {
        places.Add(place);
        return place;
    }
}
