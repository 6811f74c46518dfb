using OverlayFuse.Cli.Words;
using static OverlayFuse.Cli.Tests.Words;

namespace OverlayFuse.Cli.Tests;

/// <summary>Lists of lower layers: escapes, appending, files, limits.</summary>
internal sealed class LayerListTests
{
    [TestCase("/a:/b", "/a|/b")]
    [TestCase(@"/a\:b:/c", "/a:b|/c")]
    [TestCase(@"/a\,b:/c", "/a,b|/c")]
    [TestCase(@"/a\\:/c", @"/a\|/c")]
    [TestCase(@"/a\\\:b", @"/a\:b")]
    [TestCase("/a b:/\"c\"", "/a b|/\"c\"")]
    [TestCase("/ä:/日本", "/ä|/日本")]
    [TestCase("/a=b:/c=", "/a=b|/c=")]
    public void LowerDir_WithEscapes_NamesTheDirectories(string lowerdir, string expected) =>
        Assert.That(Options($"lowerdir={lowerdir},ro").Overlay.LowerDirs, Is.EqualTo(expected.Split('|')));

    [TestCase(@"upperdir=/u\:1,workdir=/w\,2", "/u:1", "/w,2")]
    [TestCase(@"upperdir=/u\\,workdir=/w", @"/u\", "/w")]
    public void UpperDir_WithEscapes_NamesTheDirectory(string options, string upper, string work)
    {
        MountRequest request = Options("lowerdir=/a," + options);
        Assert.That((request.Overlay.UpperDir, request.Overlay.WorkDir), Is.EqualTo((upper, work)));
    }

    [TestCase("lowerdir=:/a", "layer 1 is empty")]
    [TestCase("lowerdir=/a:", "layer 2 is empty")]
    public void LowerDir_WithAnEmptyLayer_IsRefused(string options, string reason) =>
        Assert.That(OptionRefusal(options), Does.Contain(reason).And.Contain(options["lowerdir=".Length..]));

    [TestCase("lowerdir=")]
    [TestCase("lowerdir")]
    public void LowerDir_WithoutAValue_IsRefused(string options) =>
        Assert.That(OptionRefusal(options), Does.Contain("lowerdir: a value is missing"));

    [Test]
    public void LowerDir_GivenTwice_LastWins() =>
        Assert.That(Options("lowerdir=/a:/b,lowerdir=/c").Overlay.LowerDirs, Is.EqualTo(new[] { "/c" }));

    [Test]
    public void LowerDirPlus_SeveralTimes_AppendsWithoutUnescaping() =>
        Assert.That(Options(@"lowerdir+=/a:b,lowerdir+=/c\:d,lowerdir+=/e\\").Overlay.LowerDirs,
            Is.EqualTo(new[] { "/a:b", @"/c\:d", @"/e\\" }));

    [TestCase("lowerdir=/a,lowerdir+=/b")]
    [TestCase("lowerdir+=/c,lowerdir=/a,lowerdir+=/b")]
    public void LowerDirPlus_AfterLowerDir_IsRefused(string options) =>
        Assert.That(OptionRefusal(options), Does.Contain("cannot stand together").And.Contain("lowerdir+=/b"));

    [TestCase("lowerdir+=/b,lowerdir=/a")]
    [TestCase("lowerdir+=/b,datadir+=/c,lowerdir=/a")]
    public void LowerDir_AfterLowerDirPlus_ForgetsWhatWasBefore(string options)
    {
        MountRequest request = Options(options);
        Assert.That((request.Overlay.LowerDirs, request.Overlay.DataDirs), Is.EqualTo((new[] { "/a" }, Array.Empty<string>())));
    }

    [TestCase("lowerdir+=/a,datadir+=/c,lowerdir+=/b")]
    [TestCase("datadir+=/c,lowerdir+=/b")]
    public void LowerDirPlus_AfterDataDirPlus_IsRefused(string options) =>
        Assert.That(OptionRefusal(options), Does.Contain("lowerdir+=/b: comes after datadir+=/c"));

    [TestCase(1, "")]
    [TestCase(128, "")]
    [TestCase(129, ",max_layers=129")]
    [TestCase(500, ",max_layers=500")]
    public void LowerDir_UpToTheLimit_IsAccepted(int count, string options) =>
        Assert.That(Options($"lowerdir={Layers(count)}{options}").Overlay.LowerDirs, Has.Count.EqualTo(count));

    [TestCase(129, "", "max_layers=129")]
    [TestCase(129, ",max_layers=128", "max_layers=129")]
    [TestCase(501, ",max_layers=500", "goes up to 500")]
    public void LowerDir_OverTheLimit_IsRefusedWithCountLimitAndRemedy(int count, string options, string remedy) =>
        Assert.That(OptionRefusal($"lowerdir={Layers(count)}{options}"),
            Does.Contain($"{count} lower layers").And.Contain(remedy)
                .And.Contain(options.Contains("500") ? "limit is 500" : "limit is 128"));

    [TestCase("0")]
    [TestCase("501")]
    [TestCase("many")]
    [TestCase("-1")]
    [TestCase("1.5")]
    public void MaxLayers_OutOfRange_IsRefused(string value) =>
        Assert.That(OptionRefusal($"lowerdir=/a,max_layers={value}"), Does.Contain($"max_layers={value}").And.Contain("from 1 to 500"));

    [Test]
    public void LowerDir_LongerThanAPage_IsAccepted()
    {
        string name = "/" + new string('x', 250);
        Assert.That(Options($"lowerdir={string.Join(':', Enumerable.Repeat(name, 120))}").Overlay.LowerDirs, Has.Count.EqualTo(120));
    }

    [Test]
    public void LayersFile_WithLines_NamesThemAsTheyAre()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "/a:b\n\n/c,d\n/e\\f\n");
            Assert.That(Options($"lowerdir+=/top,layers_file={file}").Overlay.LowerDirs,
                Is.EqualTo(new[] { "/top", "/a:b", "/c,d", @"/e\f" }));
            File.WriteAllText(file, "\n");
            Assert.That(OptionRefusal($"layers_file={file}"), Does.Contain(file).And.Contain("names no layer"));
        }
        finally
        {
            File.Delete(file);
        }
        Assert.That(OptionRefusal($"layers_file={file}"), Does.Contain(file).And.Contain("give a readable file"));
    }
}
