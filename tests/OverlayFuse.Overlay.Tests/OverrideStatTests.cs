using System.Text;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.Tests;

/// <summary>The xattr override_stat: the texts are those that containers/storage and fuse-overlayfs write.</summary>
public sealed class OverrideStatTests
{
    [TestCase((ushort)0x81A4, 0u, 0u, "1000:1001:0644:file")]
    [TestCase((ushort)0x89ED, 0u, 0u, "1000:1001:4755:file")]
    [TestCase((ushort)0x43FF, 0u, 0u, "1000:1001:1777:dir")]
    [TestCase((ushort)0xA1FF, 0u, 0u, "1000:1001:0777:symlink")]
    [TestCase((ushort)0x1180, 0u, 0u, "1000:1001:0600:pipe")]
    [TestCase((ushort)0xC000, 0u, 0u, "1000:1001:0000:socket")]
    [TestCase((ushort)0x21B6, 1u, 3u, "1000:1001:0666:char-1-3")]
    [TestCase((ushort)0x61B0, 259u, 1048575u, "1000:1001:0660:block-259-1048575")]
    public void Format_EveryType_ExactBytesAndReadBack(ushort mode, uint major, uint minor, string text)
    {
        var stat = new Statx { Uid = 1000, Gid = 1001, Mode = mode, RdevMajor = major, RdevMinor = minor };
        Span<byte> buffer = stackalloc byte[OverrideStat.MaxSize];

        int length = OverrideStat.Format(stat, buffer);

        var read = new Statx { Mode = (ushort)(stat.IsDirectory ? 0x41C0 : 0x8180) };
        Assert.That(Encoding.ASCII.GetString(buffer[..length]), Is.EqualTo(text));
        Assert.That(OverrideStat.TryParse(buffer[..length], out OverrideStat parsed));
        parsed.ApplyTo(ref read);
        Assert.That((read.Uid, read.Gid, read.Mode, read.RdevMajor, read.RdevMinor), Is.EqualTo((1000u, 1001u, mode, major, minor)));
    }

    [TestCase("0:0:100600", 0x8180)]
    [TestCase("0:0:104755", 0x89ED)]
    [TestCase("0:0:644", 0x81A4)]
    [TestCase("0:0:40755", 0x81ED)]
    public void Parse_ThreeFieldsAsOldOnesHave_KeepsTheType(string text, int mode) =>
        Assert.That(Shown(text, 0x8000), Is.EqualTo(mode));

    [TestCase("0:0:0644:char-1-3-of-others", 0x21A4)]
    [TestCase("0:0:0644:file-and-more", 0x81A4)]
    public void Parse_FurtherParts_AreForOthers(string text, int mode) => Assert.That(Shown(text, 0x8000), Is.EqualTo(mode));

    [TestCase("0:0:0755:dir", 0x8180, 0x81ED)]
    [TestCase("0:0:0755:file", 0x41C0, 0x41ED)]
    [TestCase("0:0:0755:symlink", 0x41C0, 0x41ED)]
    public void Parse_TypeThatTheFileCannotStandFor_KeepsItsOwn(string text, int own, int mode) =>
        Assert.That(Shown(text, own), Is.EqualTo(mode));

    [TestCase("")]
    [TestCase("0")]
    [TestCase("0:0")]
    [TestCase("0:0:")]
    [TestCase("0:0:0648:file")]
    [TestCase("a:0:0644:file")]
    [TestCase("-1:0:0644:file")]
    [TestCase("4294967296:0:0644:file")]
    [TestCase("0:0:0644:door")]
    [TestCase("0:0:0644:char")]
    [TestCase("0:0:0644:char-1")]
    [TestCase("0:0:0644:char-0-0")]
    [TestCase("0:0:77777777777777777777:file")]
    public void Parse_Malformed_IsNone(string text) =>
        Assert.That(OverrideStat.TryParse(Encoding.ASCII.GetBytes(text), out _), Is.False);

    private static int Shown(string text, int mode)
    {
        var stat = new Statx { Mode = (ushort)mode };
        Assert.That(OverrideStat.TryParse(Encoding.ASCII.GetBytes(text), out OverrideStat parsed));
        parsed.ApplyTo(ref stat);
        return stat.Mode;
    }
}
