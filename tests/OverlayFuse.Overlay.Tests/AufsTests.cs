using OverlayFuse.Linux;
using OverlayFuse.Overlay.Tests.Support;

namespace OverlayFuse.Overlay.Tests;

/// <summary>Whiteouts as container clients unpack them into lower layers.</summary>
public sealed class AufsTests : OverlayTest
{
    [Test]
    public void Lookup_AufsWhiteout_HidesTheNameBelowAndIsNotSeen()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().AufsWhiteout("d/gone").File("d/own"),
            new DiskLayer().File("d/gone").File("d/kept"));
        Assert.That((overlay.Exists("d/gone"), overlay.Exists("d/.wh.gone"), overlay.Exists("d/kept")), Is.EqualTo((false, false, true)));
        Assert.That(overlay.List("d"), Is.EqualTo(new[] { "kept", "own" }));
    }

    [Test]
    public void Lookup_AufsWhiteoutBesideTheNameItself_HidesOnlyWhatIsBelow()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().AufsWhiteout("a").File("a", "new"), new DiskLayer().File("a", "old"));
        Assert.That(overlay.Read("a"), Is.EqualTo("new"));
    }

    [Test]
    public void Lookup_AufsWhiteoutOfDirectoryBesideANewOne_DoesNotMergeThem()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().AufsWhiteout("d").File("d/new"), new DiskLayer().File("d/old"));
        Assert.That(overlay.List("d"), Is.EqualTo(new[] { "new" }));
    }

    [TestCase("")]
    [TestCase("d")]
    [TestCase("d/e/f")]
    public void Lookup_AufsOpaqueMark_HidesTheDirectoryBelow(string path)
    {
        string under = path.Length == 0 ? "" : path + "/";
        OverlayUnderTest overlay = Open(
            new DiskLayer().AufsOpaque(path).File(under + "new"), new DiskLayer().File(under + "old"),
            new DiskLayer().File(under + "older"));
        Assert.That(overlay.List(path), Is.EqualTo(new[] { "new" }));
        Assert.That(overlay.Exists(under + "old"), Is.False);
    }

    [Test]
    public void Lookup_AufsMarksInTheBottomLayer_AreNotSeen()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("a"), new DiskLayer().AufsWhiteout("b").AufsOpaque("d"));
        Assert.That(overlay.List(), Is.EqualTo(new[] { "a", "d" }));
        Assert.That(overlay.List("d"), Is.Empty);
    }

    [Test]
    public void Create_NameThatAnAufsWhiteoutHides_IsSeenAfterARemountToo()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().AufsWhiteout("a"), new DiskLayer().File("a", "old"));
        Assert.That(overlay.Create("a", "new"), Is.EqualTo(Errno.None));
        Close(overlay);
        Assert.That(Reopen(lowers: 2).Read("a"), Is.EqualTo("new"));
    }

    [Test]
    public void Create_NameLikeAMarkInTheUpper_IsAnOrdinaryFile()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("a"));
        Assert.That(overlay.Create(".wh.a", "mine"), Is.EqualTo(Errno.None));
        Assert.That(overlay.List(), Is.EqualTo(new[] { ".wh.a", "a" }));
        Assert.That((overlay.Read(".wh.a"), overlay.Unlink(".wh.a")), Is.EqualTo(("mine", Errno.None)));
    }

    [Test]
    public void Lookup_LongestNames_WithAndWithoutRoomForAMark()
    {
        string hidden = new('h', 251);
        string seen = new('s', 255);
        OverlayUnderTest overlay = Open(new DiskLayer().AufsWhiteout(hidden), new DiskLayer().File(hidden).File(seen));
        Assert.That((overlay.Exists(hidden), overlay.Exists(seen)), Is.EqualTo((false, true)));
    }

    [TestCase(".wh.")]
    [TestCase(".wh..wh.")]
    [TestCase(".wh..wh.plnk")]
    [TestCase(".wh..wh.aufs")]
    public void List_OddMarks_HideNothingAndAreNotSeen(string mark)
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File(mark).File("a"), new DiskLayer().File("b").File("plnk"));
        Assert.That(overlay.List(), Is.EqualTo(new[] { "a", "b", "plnk" }));
    }

    [Test]
    public void Unlink_NameThatAnAufsWhiteoutHidesBelow_LeavesNoWhiteout()
    {
        OverlayUnderTest overlay = OpenUpper(new DiskLayer().File("a", "upper"), new DiskLayer().AufsWhiteout("a"),
            new DiskLayer().File("a"));
        Assert.That(overlay.Unlink("a"), Is.EqualTo(Errno.None));
        Assert.That(File.Exists(overlay.Upper("a")), Is.False);
        Assert.That(overlay.Exists("a"), Is.False);
    }
}
