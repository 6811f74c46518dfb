using static OverlayFuse.Mount.Tests.Contract.MountCell;

namespace OverlayFuse.Mount.Tests.Contract;

/// <summary>How layers may be listed (ovl_parse_param_lowerdir, ovl_parse_layer), and how many there must be.</summary>
internal sealed class LayerOrderTests : MountCellTest
{
    private const string One = "a view of one layer is of use, and fuse-overlayfs gives it";

    private static IEnumerable<MountCell> Lists() =>
    [
        new("TwoLowers", LowersOnly),
        new("OneLower", "lowerdir={}/a") { Looser = One },
        new("OneLowerUnderAnUpper", "lowerdir={}/a,upperdir={}/u,workdir={}/w"),
        new("OneLowerWithAWorkdir", "lowerdir={}/a,workdir={}/w") { Looser = One },
        new("OneLowerOverData", "lowerdir={}/a::{}/b"),
        new("TwoDataLayers", "lowerdir={}/a::{}/b::{}/c", "mkdir c"),
        new("LowerBehindData", "lowerdir={}/a::{}/b:{}/c", "mkdir c") { Names = "data-only layers are the last" },
        new("DataFirst", "lowerdir=::{}/a") { Names = "layer 1 is empty" },
        new("EmptyFirst", "lowerdir=:{}/a") { Names = "layer 1 is empty" },
        new("EmptyLast", "lowerdir={}/a:") { Names = "layer 2 is empty" },
        new("EmptyDataLast", "lowerdir={}/a::") { Names = "layer 2 is empty" },
        new("EmptyBehindData", "lowerdir={}/a::{}/b:") { Names = "lowerdir=" },
        new("ThreeColons", "lowerdir={}/a:::{}/b") { Names = "layer 2 is empty" },
        new("EmptyList", "lowerdir=,upperdir={}/u,workdir={}/w") { Names = "lowerdir" },
        new("NoLower", "upperdir={}/u,workdir={}/w") { Names = "lowerdir= is missing" },
        new("NoWorkdir", "lowerdir={}/a,upperdir={}/u") { Names = "workdir= is missing" },
        new("EscapedColon", "lowerdir={}/c\\:d:{}/a", "mkdir c:d"),
        new("Missing", "lowerdir={}/a:{}/none") { Names = "none: does not exist" },
        new("File", "lowerdir={}/a:{}/b/file") { Names = "is not a directory" },
        new("LinksInACircle", "lowerdir={}/l:{}/b", "ln -s l l") { Names = "too many symbolic links" },
    ];

    private static IEnumerable<MountCell> Appended() =>
    [
        new("Plus", "lowerdir+={}/a,lowerdir+={}/b"),
        new("PlusOnce", "lowerdir+={}/a") { Looser = One },
        new("PlusThenData", "lowerdir+={}/a,datadir+={}/b"),
        new("PlusThenDataThenPlus", "lowerdir+={}/a,datadir+={}/b,lowerdir+={}/c", "mkdir c") { Names = "lowerdir+=" },
        new("DataThenPlus", "datadir+={}/a,lowerdir+={}/b") { Names = "lowerdir+=" },
        new("DataOnly", "datadir+={}/a,datadir+={}/b") { Names = "lowerdir= is missing" },
        new("DataOnlyUnderAnUpper", "datadir+={}/a,upperdir={}/u,workdir={}/w") { Names = "lowerdir= is missing" },
        new("ListThenPlus", "lowerdir={}/a,lowerdir+={}/b") { Names = "lowerdir+=" },
        new("ListThenData", "lowerdir={}/a,datadir+={}/b") { Names = "datadir+=" },
        new("ListWithDataThenPlus", "lowerdir={}/a::{}/c,lowerdir+={}/b", "mkdir c") { Names = "lowerdir+=" },
        new("PlusThenList", "lowerdir+={}/none,lowerdir={}/a:{}/b", "mkdir none"),
        new("PlusThenListThenPlus", "lowerdir+={}/c,lowerdir={}/a:{}/b,lowerdir+={}/c", "mkdir c") { Names = "lowerdir+=" },
        new("ListTwice", "lowerdir={}/c,lowerdir={}/a:{}/b", "mkdir c"),
    ];

    private static IEnumerable<MountCell> OverData() =>
        from options in new[] { "", ",redirect_dir=nofollow", ",metacopy=off", ",redirect_dir=nofollow,metacopy=off", ",userxattr",
            ",index=on" }
        from upper in new[] { "", ",upperdir={}/u,workdir={}/w" }
        select new MountCell($"Data{(upper.Length > 0 ? "UnderAnUpper" : "")}{options}", "lowerdir={}/a::{}/b" + upper + options);

    [TestCaseSource(nameof(Lists))]
    [TestCaseSource(nameof(Appended))]
    [TestCaseSource(nameof(OverData))]
    public void Mount_LayersListed_AreRefusedAsByTheKernel(MountCell cell) => Compare(cell);
}
