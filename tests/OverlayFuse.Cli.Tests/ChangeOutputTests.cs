using System.Text;
using System.Text.Json;

namespace OverlayFuse.Cli.Tests;

/// <summary>Lists of changes: lines, coloured lines, JSON.</summary>
internal sealed class ChangeOutputTests
{
    [Test]
    public void Objects_OfNoChange_AreAnEmptyArray() => Assert.That(Write(sink => new ChangeObjects(sink)), Is.EqualTo("[]\n"));

    [Test]
    public void Objects_OfSeveralChanges_AreOneDocument()
    {
        string text = Write(sink => new ChangeObjects(sink), ('A', "new"u8.ToArray()), ('M', "a\n\"b"u8.ToArray()), ('D', [0xFF]));
        using var document = JsonDocument.Parse(text);
        Assert.That(document.RootElement.EnumerateArray().Select(change => (
            change.GetProperty("change").GetString(),
            change.GetProperty("path").GetString(),
            change.TryGetProperty("path_base64", out JsonElement bytes) ? bytes.GetString() : null)),
            Is.EqualTo(new[] { ("added", "new", null), ("modified", "a\n\"b", null), ("deleted", "\uFFFD", "/w==") }));
    }

    /// <summary>A list that broke off must not look like one that is complete.</summary>
    [Test]
    public void Objects_WithoutAnEnd_AreNoDocument()
    {
        var text = new MemoryStream();
        var changes = new ChangeObjects(text.Write);
        for (int i = 0; i < 100_000; i++)
            changes.Add('A', "some/path/of/a/file"u8);
        Assert.That(text.Length, Is.Positive);
        Assert.That(Encoding.UTF8.GetString(text.ToArray()).TrimEnd(), Does.Not.EndWith("]"));
    }

    [Test]
    public void Lines_ForATerminal_HaveColouredLetters() =>
        Assert.That(
            Write(sink => new ChangeLines(ChangeLines.Painted(sink)),
                ('A', "a b"u8.ToArray()), ('M', "m"u8.ToArray()), ('D', "d"u8.ToArray())),
            Is.EqualTo("\e[32mA\e[0m a b\n\e[33mM\e[0m m\n\e[31mD\e[0m d\n"));

    [Test]
    public void Table_WithColours_KeepsItsColumns()
    {
        using var plain = new StringWriter();
        using var coloured = new StringWriter();
        Table(null).Write(plain, int.MaxValue);
        Table((column, cell) => column == 0 && cell == "yes" ? Ink.Green : Ink.None).Write(coloured, int.MaxValue);
        Assert.That(coloured.ToString(), Does.Contain("\e[32myes\e[0m  "));
        Assert.That(coloured.ToString().Replace("\e[32m", "", StringComparison.Ordinal).Replace("\e[0m", "", StringComparison.Ordinal),
            Is.EqualTo(plain.ToString()));
    }

    private static TextTable Table(Func<int, string, Ink>? inks)
    {
        var table = new TextTable("IS", "WHY") { InkOf = inks };
        table.Add("yes", "x");
        table.Add("unknown", "y");
        return table;
    }

    private static string Write(Func<ByteSink, IChangeWriter> make, params (char Kind, byte[] Path)[] list)
    {
        var text = new MemoryStream();
        IChangeWriter changes = make(text.Write);
        foreach ((char kind, byte[] path) in list)
            changes.Add(kind, path);
        changes.End();
        return Encoding.UTF8.GetString(text.ToArray());
    }
}
