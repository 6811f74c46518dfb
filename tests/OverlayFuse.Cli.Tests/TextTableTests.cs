
namespace OverlayFuse.Cli.Tests;

/// <summary>Columns of text.</summary>
internal sealed class TextTableTests
{
    [Test]
    public void Write_WithoutLimit_AlignsAndEndsLinesWithTheirText() =>
        Assert.That(Written(int.MaxValue, ["a", "long cell", ""], ["longer", "b", "the end"]), Is.EqualTo(
            """
            ONE     TWO        THREE
            a       long cell
            longer  b          the end

            """));

    [Test]
    public void Write_OnANarrowTerminal_BreaksTheWidestColumnBetweenWords() =>
        Assert.That(Written(40, ["a", "one two three four five six", "seven eight nine"]), Is.EqualTo(
            """
            ONE  TWO                THREE
            a    one two three      seven eight nine
                 four five six

            """));

    [Test]
    public void Write_WordsWiderThanTheTerminal_StickOut() =>
        Assert.That(Written(10, ["a", new string('x', 30), "b"]).Split('\n')[1], Is.EqualTo("a    " + new string('x', 30) + "  b"));

    private static string Written(int width, params string[][] rows)
    {
        var table = new TextTable("ONE", "TWO", "THREE");
        foreach (string[] row in rows) table.Add(row);
        using var text = new StringWriter();
        table.Write(text, width);
        return text.ToString();
    }
}
