namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>The kernel's overlayfs: the oracle. Its features are pinned to the plain defaults, whatever the kernel's configuration says;
/// noatime, as userspace overlays mount by default.</summary>
internal sealed class KernelOverlay : OverlayMount
{
    private const string PlainDefaults = "index=off,redirect_dir=off,metacopy=off";

    private KernelOverlay(string mountpoint) : base(mountpoint)
    {
    }

    public override string Name => "kernel";

    public static KernelOverlay Mount(OverlayOptions options, string mountpoint)
    {
        MakeMountpoint(mountpoint);
        string data = options.Upper is null ? options.ToString() : $"{options},{PlainDefaults}";
        Tool.Check(Libc.mount(Libc.Bytes("overlay"), Libc.Bytes(mountpoint), Libc.Bytes("overlay"), Libc.MS_NOATIME, Libc.Bytes(data)), $"mount -t overlay -o {data} {mountpoint}");
        return new KernelOverlay(mountpoint);
    }
}
