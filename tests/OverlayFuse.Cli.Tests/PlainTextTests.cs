using System.Text;
using System.Text.Json;
using OverlayFuse.Cli.Mounts;

namespace OverlayFuse.Cli.Tests;

/// <summary>What a terminal is given of names that others chose.</summary>
internal sealed class PlainTextTests
{
    [TestCase("/plain/päth 文字 🙂", "/plain/päth 文字 🙂")]
    [TestCase("back\\slash", "back\\slash")]
    [TestCase("\u001b[31m\a\r\n\t\0\u007f", @"\033[31m\007\015\012\011\000\177")]
    [TestCase("\u0085\u009b", @"\302\205\302\233")]
    [TestCase("\u202e\u2066\u200f\u2028\ufeff", @"\342\200\256\342\201\246\342\200\217\342\200\250\357\273\277")]
    public void Escape_Text_IsOctalWhereATerminalWouldObey(string text, string escaped) =>
        Assert.That(PlainText.Escape(text), Is.EqualTo(escaped));

    /// <summary>U+DC80 to U+DCFF stand for bytes that are no UTF-8. Not in an attribute, which cannot hold them.</summary>
    [Test]
    public void Escape_LoneSurrogates_AreTheBytesThatTheyStandFor() =>
        Assert.That((PlainText.Escape("a\udcffb\udc80"), PlainText.Escape("\ud800")), Is.EqualTo((@"a\377b\200", @"\355\240\200")));

    [TestCase("plain é", "plain é")]
    [TestCase("back\\slash", @"back\134slash")]
    [TestCase("a\nb", @"a\012b")]
    public void EscapeName_Text_EscapesTheBackslashToo(string text, string escaped) =>
        Assert.That(PlainText.EscapeName(Encoding.UTF8.GetBytes(text)), Is.EqualTo(escaped));

    [Test]
    public void EscapeName_BytesThatAreNoUtf8_AreOctal() =>
        Assert.That(PlainText.EscapeName([(byte)'a', 0xFF, 0xC3, (byte)'b', 0xE2, 0x80]), Is.EqualTo(@"a\377\303b\342\200"));

    [Test]
    public void Add_CellWithALineBreak_StaysOneLine()
    {
        using var text = new StringWriter();
        var table = new TextTable("A", "B");
        table.Add("x\ny", "\u001b]0;t\a");
        table.Write(text, int.MaxValue);
        Assert.That(text.ToString(), Is.EqualTo("A       B\nx\\012y  \\033]0;t\\007\n"));
    }

    [Test]
    public void Json_OfOddNames_IsPlainAndValid()
    {
        var report = new MountReport { MountPoint = "/m\u001b\u202e\u009b\udcff", State = "live", Layers = [("lower", "/\n\U000e0041")] };
        string json = JsonOutput.Of([report]);
        JsonElement mount = JsonDocument.Parse(json).RootElement[0];
        Assert.That(mount.GetProperty("mountpoint").GetString(), Is.EqualTo("/m\u001b\u202e\u009b\ufffd"));
        Assert.That(mount.GetProperty("mountpoint_base64").GetBytesFromBase64(),
            Is.EqualTo(new byte[] { 0x2F, 0x6D, 0x1B, 0xE2, 0x80, 0xAE, 0xC2, 0x9B, 0xFF }));
        Assert.That(mount.GetProperty("layers")[0].GetProperty("path").GetString(), Is.EqualTo("/\n\U000e0041"));
        Assert.That(json.Where(c => c is < ' ' and not '\n' or '\u202e' or '\u009b' || char.IsSurrogate(c)), Is.Empty);
    }

    /// <summary>Of the mount's daemon and of its log: a name cannot forge a line.</summary>
    [Test]
    public void Log_SeveralLines_IndentsThoseThatFollow()
    {
        TextWriter before = Console.Error;
        using var text = new StringWriter();
        try
        {
            Console.SetError(text);
            PlainText.Log("one\u001b\ntwo");
            PlainText.Complain("x\ny");
        }
        finally
        {
            Console.SetError(before);
        }
        Assert.That(text.ToString(), Is.EqualTo("one\\033\n  two\noverlayfuse: x\\012y\n"));
    }
}
