using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.See;

/// <summary>`overlayfuse explain` and `cat-layer`: words, reasons, and errors.</summary>
internal sealed class ExplainTests : SeeTest
{
    private const string Lower = "l1:l2:l3";

    /// <summary>Each reason for which a layer's entry is hidden, at rest.</summary>
    [TestCase("etc/hosts", "layer 3 lower: etc/hosts is a file, 5 bytes, mode 644, owner 0:0; "
        + "hidden: etc/hosts is a file with its own data in layer 2 lower")]
    [TestCase("etc/passwd", "layer 1 lower: etc/passwd is a whiteout (device 0:0)")]
    [TestCase("etc/passwd", "layer 3 lower: etc/passwd is a file, 5 bytes, mode 644, owner 0:0; "
        + "hidden: etc/passwd is a whiteout in layer 1 lower")]
    [TestCase("dir/y", "layer 3 lower: dir/y is a file, 6 bytes, mode 644, owner 0:0; "
        + "hidden: dir is an opaque directory in layer 2 lower")]
    [TestCase("typ/in", "layer 3 lower: typ/in is a file, 3 bytes, mode 644, owner 0:0; "
        + "hidden: typ is a file with its own data in layer 1 lower")]
    [TestCase("aufs", "layer 2 lower: nothing; a .wh. mark beside it hides the layers below")]
    [TestCase("aufs", "layer 3 lower: aufs is a file, 7 bytes, mode 644, owner 0:0; hidden: aufs is a .wh. mark in layer 2 lower")]
    [TestCase("aufs.d/z", "layer 3 lower: aufs.d/z is a file, 6 bytes, mode 644, owner 0:0; "
        + "hidden: aufs.d is a directory with .wh..wh..opq in layer 1 lower")]
    [TestCase("etc/link", "etc/link: symlink to hosts, mode 777, owner 0:0")]
    [TestCase("etc/one", "etc/one: file, 4 bytes, mode 644, owner 0:0, 2 links")]
    [TestCase("none/at/all", "none/at/all: not shown")]
    [TestCase("/", "/: directory, mode 755, owner 0:0")]
    [TestCase(".", "/: directory, mode 755, owner 0:0")]
    public void Explain_OfLayersAtRest_TellsTheReason(string path, string line) =>
        Assert.That(Lines("--lower", Lower, path), Has.Member(line));

    [Test]
    public void Explain_OfAFileBelowADirectory_SaysOtherType()
    {
        Layers.Shell("mkdir l1/d; echo f > l2/d");
        Assert.That(Lines("--lower", Lower, "d"),
            Has.Member("layer 2 lower: d is a file, 2 bytes, mode 644, owner 0:0; hidden: it has another type than the entry above"));
    }

    [Test]
    public void Explain_OfARedirect_ShowsThePlaceAndTheNameThatIsPassedBy()
    {
        Layers.Shell("mkdir l1/x l3/x; setfattr -n trusted.overlay.redirect -v /old l1/x");
        Assert.That(Lines("--lower", Lower, "-o", "redirect_dir=follow", "x"), Is.SupersetOf(new[]
        {
            "layer 3 lower: old is a directory, mode 755, owner 0:0; shown",
            "layer 3 lower: x is a directory, mode 755, owner 0:0; hidden: a redirect leads to another name",
            "xattr in layer 1 lower: trusted.overlay.redirect = \"/old\"",
        }));
        Assert.That(Lines("--lower", Lower, "x/sub/f"), Has.Member($"data from: {Layers.Root}/l3/old/sub/f"));
    }

    [Test]
    public void Explain_OfAWhiteoutThatIsAFile_SaysSo()
    {
        Layers.Shell("touch l1/copied; setfattr -n trusted.overlay.whiteout -v y l1/copied");
        Assert.That(Lines("--lower", Lower, "copied"), Is.SupersetOf(new[]
        {
            "copied: not shown",
            "layer 1 lower: copied is a whiteout (file with an xattr)",
        }));
    }

    [Test]
    public void Explain_OfDataLayers_NamesTheOneWithTheData()
    {
        Layers.Shell("mkdir d1 d2; echo data > d2/blob; truncate -s 5 l1/meta; "
            + "setfattr -n trusted.overlay.metacopy l1/meta; setfattr -n trusted.overlay.redirect -v /blob l1/meta");
        Layers.Shell("printf 'lower l1\\ndata d1\\n\\ndata d2\\n' > list");
        string[] byWords = Lines("--lower", "l1::d1::d2", "-o", "metacopy=on", "meta");
        Assert.That(byWords, Is.SupersetOf(new[] { $"data from: {Layers.Root}/d2/blob", $"metadata from: {Layers.Root}/l1/meta" }));
        Assert.That(Lines("--stack", "list", "-o", "metacopy=on", "meta"), Is.EqualTo(byWords));
    }

    [TestCase("l1:gone", "f", "gone: cannot open the layer: ENOENT; check that the directory is there and may be read")]
    [TestCase("l3", "etc/link/x", "etc/link: is a symbolic link on the way; name the file by the path that the link leads to")]
    public void Explain_OfLayersThatCannotServe_NamesTheRemedy(string lower, string path, string text)
    {
        ToolResult result = Layers.Start("explain", "--lower", lower, path);
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((1, "")));
        Assert.That(result.Error, Does.EndWith(text + "\n"));
    }

    [TestCase("--upper u: the lower layers are missing; add --lower TOP:...:BOTTOM", "--upper", "u", "f")]
    [TestCase("--stack nofile: cannot be read (ENOENT); name a readable file, with 'lower DIR' in each line", "--stack", "nofile", "f")]
    [TestCase("--stack empty: names no lower layer; write 'lower DIR' in a line for each, topmost first", "--stack", "empty", "f")]
    [TestCase("--stack wrong: 'uper u' is no layer; write 'upper DIR' once at most, and 'lower DIR' or 'data DIR' for each other layer",
        "--stack", "wrong", "f")]
    [TestCase("--stack wrong: names all layers; leave --lower and --upper out", "--stack", "wrong", "--lower", "l1", "f")]
    [TestCase("-o ro: does not change how layers are read; use userxattr, metacopy= or redirect_dir=", "--lower", "l1", "-o", "ro", "f")]
    [TestCase("-o ro: is for layers at rest; a live mount has its own options, so leave -o out", "-o", "ro", "f")]
    [TestCase("../f: '.' and '..' are no names in a layer; write the path from the root of the layers", "--lower", "l1", "../f")]
    public void Explain_WithWrongWords_SaysWhichAreRight(string text, params string[] words)
    {
        Layers.Shell("touch empty; echo uper u > wrong");
        ToolResult result = Layers.Start(["explain", .. words]);
        Assert.That((result.ExitCode, result.Output, result.Error), Is.EqualTo((2, "", $"overlayfuse: {text}\n")));
    }

    [Test]
    public void Explain_OnNoOverlay_NamesTheRemedy()
    {
        ToolResult result = Layers.Start("explain", "l1");
        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.Error, Does.StartWith("overlayfuse: l1: is on no overlay (").And.Contain("name the layers: --lower"));
    }

    [Test]
    public void CatLayer_OfHiddenFiles_PrintsThem()
    {
        Layers.Shell("head -c 300000 /dev/urandom > l3/etc/passwd; cp l3/etc/passwd saved");
        string Cat(string number, string path) => Layers.Start("cat-layer", "--lower", Lower, number, path).Output;
        Layers.Shell($"'{Overlayfuse.Path}' cat-layer --lower {Lower} 3 etc/passwd | cmp - saved");
        Assert.That((Cat("2", "etc/hosts"), Cat("3", "etc/hosts"), Cat("3", "dir/y"), Cat("3", "typ/in")),
            Is.EqualTo(("middle\n", "base\n", "below\n", "in\n")));
    }

    [TestCase("1", "etc/hosts", "etc/hosts: layer 1 lower has no regular file there; 'overlayfuse explain' shows the layers that have one")]
    [TestCase("1", "etc/passwd", "etc/passwd: layer 1 lower has no regular file there; "
        + "'overlayfuse explain' shows the layers that have one")]
    [TestCase("0", "etc/hosts", "0: no layer has that number; the numbers go from 1 to 3, see 'overlayfuse explain'")]
    public void CatLayer_OfNoFile_NamesTheRemedy(string number, string path, string text)
    {
        ToolResult result = Layers.Start("cat-layer", "--lower", Lower, number, path);
        Assert.That((result.ExitCode, result.Output, result.Error), Is.EqualTo((1, "", $"overlayfuse: {text}\n")));
    }
}
