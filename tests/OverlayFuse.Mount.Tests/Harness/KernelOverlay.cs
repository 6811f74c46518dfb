namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>The kernel's overlayfs: the oracle. Features that nobody asks for are pinned to the plain defaults, whatever the kernel's configuration says;
/// noatime, as userspace overlays mount by default.</summary>
internal sealed class KernelOverlay : OverlayMount
{
    private static readonly string[] PlainDefaults = ["index=off", "redirect_dir=off", "metacopy=off"];

    private KernelOverlay(string mountpoint) : base(mountpoint)
    {
    }

    public override string Name => "kernel";

    public static KernelOverlay Mount(OverlayOptions options, string mountpoint)
    {
        MakeMountpoint(mountpoint);
        IEnumerable<string> defaults = PlainDefaults.Where(word => !options.Extra.Contains(word[..word.IndexOf('=')], StringComparison.Ordinal));
        string data = options.Upper is null ? options.ToString() : string.Join(',', [options.ToString(), .. defaults]);
        Tool.Check(Libc.mount(Libc.Bytes("overlay"), Libc.Bytes(mountpoint), Libc.Bytes("overlay"), Libc.MS_NOATIME, Libc.Bytes(data)), $"mount -t overlay -o {data} {mountpoint}");
        return new KernelOverlay(mountpoint);
    }
}
