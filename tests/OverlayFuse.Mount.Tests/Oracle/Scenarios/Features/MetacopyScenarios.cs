using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>metacopy: changes of metadata leave the data below.</summary>
internal sealed class MetacopyScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private const string On = "metacopy=on,redirect_dir=on", Mark = "trusted.overlay.metacopy", Redirect = "trusted.overlay.redirect";

    private static readonly Layer Lower = new Layer().File("f", "content", 644, 5).HoleThenData("sparse", 40_000, 20_000).File("d/g", "g")
        .HardLink("d/h", "d/g").Xattr("f", "user.x", "1");

    [Test]
    public void Chmod_LowerFile_CopiesNoData()
    {
        Comparison result = Compare(new Chmod("f", 600), new Lstat("f"), new ReadFile("f"), new GetXattr("f", "user.x"), new ListXattr("f"),
            new Remount(), new Lstat("f"), new ReadFile("f"));
        Assert.That(result.Upper["f"].Xattr(Mark), Is.Not.Null);
    }

    [Test]
    public void Change_OfAnyMetadata_EqualsTheKernel() => Compare(
        new Lchown("f", 7, 8), new Utimens("sparse", 1, 2, 3), new SetXattr("d/g", "user.y", "2"), new Lstat("f"), new Lstat("sparse"),
        new Lstat("d/g"), new Lstat("d/h"), new ReadFile("sparse"), new ReadFile("d/g"));

    [Test]
    public void Write_ToAMetacopy_BringsTheData()
    {
        Comparison result = Compare(new Chmod("f", 4711), new OpenFile("1", "f", O.RDWR), new Write("1", 3, "XX"), new Read("1", 0, 10),
            new Lstat("f"), new Remount(), new ReadFile("f"));
        Assert.That(result.Upper["f"].Xattr(Mark), Is.Null);
    }

    [Test]
    public void Write_WithAReaderFromBefore_IsSeenByIt() => Compare(
        new OpenFile("0", "f", O.RDONLY), new Chmod("f", 600), new Read("0", 0, 10), new OpenFile("1", "f", O.WRONLY),
        new Write("1", 0, "NEW"), new Read("0", 0, 10), new Fstat("0"));

    [TestCase(0)]
    [TestCase(3)]
    [TestCase(7)]
    [TestCase(100)]
    public void Truncate_AMetacopy_KeepsWhatIsLeft(long size) =>
        Compare(new Chmod("f", 600), new Truncate("f", size), new ReadFile("f"), new Lstat("f"), new Remount(), new ReadFile("f"));

    [Test]
    public void OpenTruncating_AMetacopy_IsEmpty() =>
        Compare(new Chmod("f", 600), new OpenFile("1", "f", O.WRONLY | O.TRUNC), new Write("1", 0, "q"), new Remount(), new ReadFile("f"));

    [Test]
    public void Rename_AMetacopy_LeavesARedirect()
    {
        Comparison result = Compare(new Chmod("f", 600), new Rename("f", "d/new"), new ReadFile("d/new"), new Lstat("f"), new Remount(),
            new ReadFile("d/new"), new Rename("d/new", "d/newer"), new SwitchSides(), new ReadFile("d/newer"));
        Assert.That(result.Upper["d/newer"].Xattr(Redirect), Is.EqualTo("/f"));
    }

    [Test]
    public void Rename_LowerFileInItsDirectory_LeavesARelativeRedirect()
    {
        Comparison result = Compare(new Rename("f", "f2"), new ReadFile("f2"), new Remount(), new ReadFile("f2"));
        Assert.That(result.Upper["f2"].Xattr(Redirect), Is.EqualTo("f"));
    }

    [Test]
    public void Rename_FileOfSeveralLinks_LeavesAnAbsoluteRedirect() => Compare(
        new Rename("d/g", "d/g2"), new ReadFile("d/g2"), new ReadFile("d/h"), new Lstat("d/h"), new Remount(), new ReadFile("d/g2"));

    [Test]
    public void Link_AMetacopy_BothNamesFindTheData() => Compare(
        new Chmod("f", 600), new Link("f", "d/l"), new ReadFile("d/l"), new Lstat("d/l"), new Unlink("f"), new ReadFile("d/l"),
        new Remount(), new ReadFile("d/l"), new OpenFile("1", "d/l", O.RDWR), new Write("1", 0, "w"), new Read("1", 0, 9));

    [Test]
    public void Rename_DirectoryOfMetacopies_KeepsTheirData() => Compare(
        new Chmod("d/g", 600), new Rename("d", "e"), new ReadFile("e/g"), new Chmod("e/h", 640), new ReadFile("e/h"), new Remount(),
        new ReadFile("e/g"), new ReadFile("e/h"));

    [Test]
    public void Unlink_AMetacopyThatIsOpen_StaysReadable() => Compare(
        new Chmod("f", 600), new OpenFile("0", "f", O.RDONLY), new Unlink("f"), new Read("0", 0, 10), new Fstat("0"), new Fchmod("0", 640),
        new Read("0", 0, 10));

    /// <summary>Its other name is in another directory, from where a relative redirect leads nowhere.</summary>
    [Test]
    public void Rename_OfIndexedHardLink_IsReadByItsOtherNameAfterwards()
    {
        Comparison result = Compare(new Scenario(new Layer(), [new Layer().File("b", "content", 600).HardLink("c/d", "b")],
            [new Lstat("b"), new Rename("b", "e"), new Remount(), new ReadFile("c/d"), new ReadFile("e"), new Lstat("c/d")],
                On + ",index=on")
        { OnlyMerged = true });
        Assert.That(result.Upper["e"].Xattr(Redirect), Is.EqualTo("/b"));
    }

    [TestCase("metacopy=on,redirect_dir=on")]
    [TestCase("redirect_dir=on")]
    [TestCase("redirect_dir=follow")]
    public void Lookup_MetacopyInALowerLayer_ObeysTheOption(string options) => Compare(new Scenario(new Layer(),
        [
            new Layer().Sparse("f", 7).Xattr("f", Mark, "").Sparse("moved", 1).Xattr("moved", Mark, "").Xattr("moved", Redirect, "/d/g")
                .Sparse("lost", 9).Xattr("lost", Mark, ""),
            Lower,
        ],
        [new ReadDir(""), new ReadFile("f"), new ReadFile("moved"), new Lstat("moved"), new ReadFile("lost"), new Chmod("moved", 600),
            new ReadFile("moved"), new OpenFile("1", "f", O.RDWR), new Write("1", 7, "+"), new ReadFile("f")], options));

    private Comparison Compare(params Operation[] operations) => Compare(new Scenario(new Layer(), [Lower], operations, On));
}
