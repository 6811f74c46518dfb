using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Changes;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Asking;

/// <summary>Lists the changes of a live mount's upper, in the child that asks the mount (<see cref="AskedChild"/>).</summary>
internal static class LiveChanges
{
    /// <param name="root">The mount's root, open. Its upper has all that was written so far.</param>
    /// <param name="sink">Takes the changes.</param>
    /// <param name="goesOn">Called again and again, as a sign of life.</param>
    /// <exception cref="IOException">The mount does not answer, or has no upper.</exception>
    public static void Find(Fd root, ViewChangeSink sink, Action goesOn)
    {
        byte[] argument = new byte[LiveControl.Size];
        Require(Sys.IoCtl(root, LiveControl.Statistics, argument));
        LiveStatistics told = LiveControl.ReadStatistics(argument);
        ILookup<string, string> layers = Layers(root).ToLookup(layer => layer.Role, layer => layer.Path);
        var options = new OverlayOptions
        {
            LowerDirs = [.. layers["lower"]],
            DataDirs = [.. layers["data"]],
            UpperDir = layers["upper"].SingleOrDefault() ?? throw new IOException("is read-only: without an upper nothing is changed"),
            UserXattr = told.UserXattr != 0,
            Redirect = told.RefusesRedirects != 0 ? RedirectMode.NoFollow : RedirectMode.Follow,
            Metacopy = told.RefusesMetacopies == 0,
            AufsWhiteouts = told.AufsWhiteouts != 0,
        };
        ViewChanges.Find(options, told.BelievesOverrides != 0, sink, goesOn);
    }

    private static List<(string Role, string Path)> Layers(Fd root)
    {
        var layers = new List<(string, string)>();
        while (true)
        {
            byte[] layer = LiveControl.WriteIndex(layers.Count);
            Errno error = Sys.IoCtl(root, LiveControl.ListLayer, layer);
            if (error == Errno.ENOENT)
                return layers;
            Require(layers.Count < Step.MostLayers ? error : Errno.E2BIG);
            layers.Add(LiveControl.ReadLayer(layer));
        }
    }

    private static void Require(Errno error)
    {
        if (error != Errno.None)
            throw new IOException($"does not tell its layers ({error}); see the daemon's log (-d)");
    }
}
