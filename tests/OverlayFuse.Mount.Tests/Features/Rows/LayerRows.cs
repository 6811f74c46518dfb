using System.Globalization;

namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Layers")]
internal static class LayerRows
{
    [Feature("a higher layer hides what lower ones have; other names fall through (`lowerdir`, `upperdir`, `workdir`)")]
    public static void Lookup(Stage s)
    {
        s.Build("echo up > u/e; echo low > a/e; echo top > a/f; echo low > b/f; echo low > b/g; mkdir a/d; echo file > b/d; ln -s x a/l; "
            + "mkdir b/l");
        s.Mount();
        s.Point("is $(cat m/e) up; is $(cat m/f) top; [ -d m/d ]; [ -L m/l ]");
        s.Point("is $(cat m/g) low");
    }

    [Feature("directories of all layers are merged, at every depth")]
    public static void Merging(Stage s)
    {
        s.Build("mkdir -p a/d/e b/d/e u/d; echo 1 > a/d/e/1; echo 2 > b/d/e/2; echo 3 > b/d/3; echo 4 > u/d/4");
        s.Mount();
        s.Point("is \"$(cd m; find d | sort | tr '\\n' ' ')\" 'd d/3 d/4 d/e d/e/1 d/e/2 '");
    }

    [Feature("a file in a middle layer cuts off the directories below it")]
    public static void MiddleFile(Stage s)
    {
        s.Build("mkdir -p a/d c/d; echo file > b/d; echo 1 > a/d/1; echo 2 > c/d/2");
        s.Mount(lowers: "a:b:c");
        s.Point("is \"$(ls m/d)\" 1");
    }

    [Feature("without an upper the mount is read-only")]
    public static void NoUpper(Stage s)
    {
        s.Build("echo x > b/f");
        s.Mount(upper: false);
        s.Point("is $(cat m/f) x; not touch m/new; not rm m/f; is $(cat b/f) x");
    }

    [Feature("one lower layer alone can be shown", OnKernel = Answer.No)]
    public static void OneLayer(Stage s)
    {
        s.Build("echo x > b/f");
        s.Mount(lowers: "b", upper: false);
        s.Point("is $(cat m/f) x");
    }

    [Feature("`\\:` and `\\,` in paths of layers")]
    public static void Escapes(Stage s)
    {
        s.Build("mkdir c:1 c,2; echo 1 > c:1/f; echo 2 > c,2/g");
        s.Mount(lowers: @"c\:1:c\,2");
        s.Point("is $(cat m/f)$(cat m/g) 12");
    }

    [Feature("`lowerdir+=`: layers one by one, nothing unescaped")]
    public static void AppendedLayers(Stage s)
    {
        s.Build("mkdir c:1; echo 1 > c:1/f; echo 2 > b/f; echo 2 > b/g");
        s.MountRaw("lowerdir+=c:1,lowerdir+=b,upperdir=u,workdir=w");
        s.Point("is $(cat m/f)$(cat m/g) 12");
    }

    [Feature("128 lower layers")]
    public static void Layers128(Stage s) => Many(s, 128, "");

    [Feature("500 lower layers")]
    public static void Layers500(Stage s) => Many(s, 500, s.Program.ManyLayersOption);

    [Feature("names of 255 bytes, of any bytes; they can be removed and renamed")]
    public static void LongNames(Stage s)
    {
        s.Build("n=$(printf 'n%.0s' {1..255}); echo x > b/$n; echo y > b/$'\\xff\\x80 \\n'");
        s.Mount();
        s.Point("n=$(printf 'n%.0s' {1..255}); o=$(printf 'o%.0s' {1..255}); is $(cat m/$n) x; ren m/$n m/$o; is $(cat m/$o) x; rm m/$o; "
            + "[ ! -e m/$n ]");
        s.Point("is $(cat m/$'\\xff\\x80 \\n') y; rm m/$'\\xff\\x80 \\n'; is \"$(ls m | grep -vc '[no]')\" 0");
    }

    [Feature("layers on different file systems, one of them without xattrs")]
    public static void DifferentFileSystems(Stage s)
    {
        s.Build("mount -t ramfs none b; mkdir b/d; echo x > b/d/f; mount -t tmpfs none a; echo y > a/g");
        s.Mount();
        s.Point("echo more >> m/d/f; echo more >> m/g; is \"$(cat m/d/f)\" $'x\\nmore'; "
            + "setfattr -n user.k -v v m/d/f; rm m/g; [ ! -e m/g ]");
    }

    [Feature("data-only layers (`lowerdir=a::data`)")]
    public static void DataOnly(Stage s)
    {
        BuildMetacopy(s);
        s.Mount("metacopy=on", "a:b::data");
        PointDataOnly(s);
    }

    [Feature("`datadir+=`")]
    public static void AppendedData(Stage s)
    {
        BuildMetacopy(s);
        s.MountRaw("lowerdir+=a,datadir+=data,upperdir=u,workdir=w,metacopy=on");
        PointDataOnly(s);
    }

    private static void BuildMetacopy(Stage s) => s.Build("""
        mkdir data; echo content > data/blob; : > a/f
        truncate -s 8 a/f; setfattr -n trusted.overlay.metacopy a/f; setfattr -n trusted.overlay.redirect -v /blob a/f
        """);

    private static void PointDataOnly(Stage s) =>
        s.Point("is $(cat m/f) content; [ ! -e m/blob ]; echo more >> m/f; is \"$(cat m/f)\" $'content\\nmore'; "
            + "is $(cat data/blob) content");

    private static void Many(Stage s, int count, string extra)
    {
        string last = count.ToString(CultureInfo.InvariantCulture);
        s.Build($"for i in {{1..{last}}}; do mkdir n$i; echo $i > n$i/f$i; echo $i > n$i/all; done");
        s.Mount(extra, string.Join(':', Enumerable.Range(1, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"n{i}"))));
        s.Point($"is $(ls m | wc -l) {count + 1}; is $(cat m/f{last}) {last}; is $(cat m/all) 1; echo more >> m/f{last}");
    }
}
