namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>
/// The kernel's overlayfs: the oracle. Features that no test asks for are pinned to the plain defaults, whatever the kernel's configuration
/// says. Mounted noatime, as userspace overlays are by default.
/// </summary>
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
        // userxattr and metacopy=on bring a redirect_dir of their own, and refuse to be asked for another.
        bool bringsRedirect = options.Extra.Contains("userxattr", StringComparison.Ordinal)
            || options.Extra.Contains("metacopy=on", StringComparison.Ordinal);
        IEnumerable<string> defaults = PlainDefaults.Where(word => !options.Extra.Contains(word[..word.IndexOf('=')],
            StringComparison.Ordinal) && !(bringsRedirect && word == "redirect_dir=off"));
        string data = options.Upper is null ? options.ToString() : string.Join(',', [options.ToString(), .. defaults]);
        Tool.Check(Libc.mount(Libc.Bytes("overlay"), Libc.Bytes(mountpoint), Libc.Bytes("overlay"), Libc.MS_NOATIME, Libc.Bytes(data)),
            $"mount -t overlay -o {data} {mountpoint}");
        return new KernelOverlay(mountpoint);
    }
}
