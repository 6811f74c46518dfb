using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>Data-only layers and whiteouts that are files with an xattr: what composefs images are made of.</summary>
internal sealed class DataLayerScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private const string Mark = "trusted.overlay.metacopy", Redirect = "trusted.overlay.redirect", Whiteout = "trusted.overlay.whiteout";

    private static readonly Layer Meta = new Layer()
        .Sparse("f", 4).Xattr("f", Mark, "").Xattr("f", Redirect, "/objects/1")
        .Sparse("s/g", 3).Xattr("s/g", Mark, "").Xattr("s/g", Redirect, "/objects/2")
        .Sparse("lost", 3).Xattr("lost", Mark, "").Xattr("lost", Redirect, "/objects/none")
        .File("own", "own");

    private static readonly Layer[] Data = [new Layer().File("objects/1", "1st\n").File("own", "hidden"),
        new Layer().File("objects/2", "2nd").File("objects/1", "not this")];

    [TestCase("metacopy=on,redirect_dir=on")]
    [TestCase("")]
    public void Read_FilesOfAnImage_FindTheirData(string options) => Compare(new Scenario(new Layer(), [Meta], [
        new ReadDir(""), new ReadFile("f"), new ReadFile("s/g"), new ReadFile("own"), new ReadFile("lost"), new Lstat("f"),
        new ReadDir("s"), new Lstat("objects"), new Unlink("lost")], options)
    { Data = Data });

    [Test]
    public void Change_FilesOfAnImage_EqualsTheKernel() => Compare(new Scenario(new Layer(), [Meta], [
        new Chmod("f", 600), new ReadFile("f"), new Rename("f", "s/f2"), new ReadFile("s/f2"), new OpenFile("1", "s/g", O.RDWR),
        new Write("1", 3, "+"), new Link("s/g", "l"), new Remount(), new ReadFile("s/f2"),
        new ReadFile("l"), new SwitchSides(), new ReadFile("s/f2"), new Unlink("lost")], "metacopy=on,redirect_dir=on")
    { Data = Data });

    [Test]
    public void Lookup_XattrWhiteout_HidesWhatIsBelow() => Compare(
        [
            new Layer().Dir("d").Xattr("d", "trusted.overlay.opaque", "x").File("d/gone").Xattr("d/gone", Whiteout, "")
                .File("d/full", "data").Xattr("d/full", Whiteout, "y").File("d/stays"),
            new Layer().File("d/gone", "1").File("d/full", "2").File("d/other", "3"),
        ],
        new ReadDir("d"), new Lstat("d/gone"), new ReadFile("d/full"), new ReadFile("d/other"), new Create("d/gone", "new"),
        new ReadFile("d/gone"), new Unlink("d/other"), new ReadDir("d"), new Remount(), new ReadDir("d"));
}
