using static OverlayFuse.Mount.Tests.Contract.MountCell;

namespace OverlayFuse.Mount.Tests.Contract;

/// <summary>
/// Options that cannot stand together (ovl_fs_params_verify): every pair, with an upper, without one, and with userxattr.
/// </summary>
internal sealed class ConflictTests : MountCellTest
{
    private static readonly string[] RedirectModes = ["on", "follow", "nofollow", "off"];
    private static readonly string[] VerityModes = ["on", "require"];

    private static IEnumerable<MountCell> RedirectAndMetacopy() =>
        from redirect in RedirectModes
        from metacopy in new[] { "", ",metacopy=on", ",metacopy=off" }
        from layers in new[] { Writable, LowersOnly }
        from marks in new[] { "", ",userxattr" }
        select Cell(layers, $"{marks},redirect_dir={redirect}{metacopy}") with { Names = "cannot stand" };

    private static IEnumerable<MountCell> UserXattr() =>
        from option in new[] { "metacopy=on", "metacopy=off", "index=on", "volatile", "uuid=on", "xino=on" }
        from layers in new[] { Writable, LowersOnly }
        select Cell(layers, ",userxattr," + option) with { Names = option };

    private static IEnumerable<MountCell> Values() =>
        from option in new[] { "index=x", "metacopy=x", "redirect_dir=x", "uuid=x", "verity=x", "xino=x", "nfs_export=x", "fsync=x",
            "index=", "redirect_dir=", "index", "volatile=1", "userxattr=1", "nosuch", "nosuch=1" }
        from layers in new[] { Writable, LowersOnly }
        select Cell(layers, "," + option) with { Names = option.Split('=')[0] };

    private static IEnumerable<MountCell> Accepted() =>
        from option in new[] { "uuid=off", "uuid=null", "uuid=on", "index=on,uuid=off", "index=on,uuid=null", "fsync=auto", "fsync=strict",
            "fsync=volatile", "volatile", "xino=on", "xino=auto", "xino=off", "nfs_export=off,index=off", "default_permissions",
            "override_creds", "nooverride_creds" }
        from layers in new[] { Writable, LowersOnly }
        select Cell(layers, "," + option);

    private static IEnumerable<MountCell> Verity() =>
        from verity in VerityModes
        from others in new[] { "", ",metacopy=on", ",metacopy=off", ",redirect_dir=off", ",redirect_dir=follow",
            ",redirect_dir=off,metacopy=on", ",userxattr" }
        from layers in new[] { Writable, LowersOnly }
        select Cell(layers, $",verity={verity}{others}") with { Names = "needs redirect_dir=on" };

    private static IEnumerable<MountCell> NfsExport() =>
        from others in new[] { "", ",index=on", ",index=off", ",metacopy=on", ",metacopy=off", ",index=on,metacopy=on", ",verity=on",
            ",userxattr", ",redirect_dir=nofollow", ",redirect_dir=nofollow,index=off", ",redirect_dir=on", ",redirect_dir=off,index=off" }
        from layers in new[] { Writable, LowersOnly }
        select Cell(layers, ",nfs_export=on" + others) with { Names = "nfs_export=on" };

    [TestCaseSource(nameof(RedirectAndMetacopy))]
    public void Mount_RedirectWithMetacopy_IsRefusedAsByTheKernel(MountCell cell) =>
        Compare(cell.Options.Contains("metacopy=on", StringComparison.Ordinal)
            && !cell.Options.Contains("userxattr", StringComparison.Ordinal)
            ? cell with { Names = "needs redirect_dir=on" } : cell);

    [TestCaseSource(nameof(UserXattr))]
    [TestCaseSource(nameof(Accepted))]
    [TestCaseSource(nameof(Values))]
    [TestCaseSource(nameof(Verity))]
    [TestCaseSource(nameof(NfsExport))]
    public void Mount_OptionsTogether_AreRefusedAsByTheKernel(MountCell cell) => Compare(cell);

    private static MountCell Cell(string layers, string options) =>
        new($"{(layers == Writable ? "" : "LowersOnly")}{options}", layers + options);
}
