namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Overlays in overlays")]
internal static class NestingRows
{
    private const string Use = """
        is $(cat m/f) x; echo more >> m/f; is "$(cat m/f)" $'x\nmore'; rm -r m/d; mkdir m/d; is "$(ls -A m/d)" ''; ls -l m >/dev/null
        ren m/g m/h; is $(cat m/h) y
        """;

    private const string MakeLower = "mkdir -p b/low/d m2 m3 u2 w2; echo x > b/low/f; echo y > b/low/g; echo z > b/low/d/z; "
        + "echo k > b/low/k";

    [Feature("lower layers in a mount of the kernel's overlayfs")]
    public static void OnKernels(Stage s)
    {
        s.Build(MakeLower + "; mount -t overlay overlay -o lowerdir=b,upperdir=u2,workdir=w2 m2; rm m2/low/k; echo more > m2/low/l");
        s.Mount(lowers: "a:m2/low");
        s.Point(Use);
        s.Point("[ ! -e m/k ]; is $(cat m/l) more");
        s.Unmount();
        s.Point("umount m2");
    }

    [Feature("lower layers in a mount of its own kind, with whiteouts of their own in it (escaped marks)")]
    public static void OnItsOwn(Stage s)
    {
        s.Build(MakeLower);
        s.Mount(Stage.Plan(mountpoint: "m2") with { Upper = "u2", Work = "w2" });
        s.Do("mkdir m2/top m2/top/d; setfattr -n trusted.overlay.opaque -v y m2/top/d; echo t > m2/top/t");
        s.Mount(lowers: "m2/top:m2/low");
        s.Point("is \"$(ls -A m/d)\" ''; is $(cat m/t) t");
        s.Point(Use);
        s.Unmount();
        s.Point("umount m2");
    }

    [Feature("the kernel's overlayfs takes lower layers in it")]
    public static void UnderKernels(Stage s)
    {
        s.Build(MakeLower);
        s.Mount(Stage.Plan(mountpoint: "m2") with { Upper = "u2", Work = "w2" });
        s.Do("echo t > m2/low/t");
        s.MountByKernel(lowers: "a:m2/low");
        s.Point(Use);
        s.Point("is $(cat m/t) t");
        s.Unmount();
        s.Point("umount m2");
    }
}
