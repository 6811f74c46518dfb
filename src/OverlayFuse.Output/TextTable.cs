using System.Text;

namespace OverlayFuse.Output;

/// <summary>Columns of text, aligned by blanks. If a line is too long, the widest columns are broken between words.</summary>
/// <param name="headers">The first line.</param>
internal sealed class TextTable(params string[] headers)
{
    private const int Gap = 2;

    /// <summary>Columns are not made narrower than this.</summary>
    private const int Narrowest = 16;

    private readonly List<string[]> _rows = [headers];

    /// <summary>The colour of a cell by its column and text; without colours null.</summary>
    public Func<int, string, Ink>? InkOf { get; init; }

    /// <summary>The largest width of a line on standard output, in characters. Without a terminal there is no limit.</summary>
    public static int OutputWidth => Console.IsOutputRedirected ? int.MaxValue : Math.Max(Console.WindowWidth, 1);

    /// <param name="cells">As many as there are headers. They become plain text here.</param>
    public void Add(params string[] cells) => _rows.Add([.. cells.Select(PlainText.Escape)]);

    /// <param name="output">Gets the lines.</param>
    /// <param name="width">How long a line may be, in characters.</param>
    public void Write(TextWriter output, int width)
    {
        int[] widths = Fit(NaturalWidths(), width);
        foreach (string[] row in _rows)
            WriteRow(output, row, widths);
    }

    private int[] NaturalWidths()
    {
        int[] widths = new int[headers.Length];
        foreach (string[] row in _rows)
        {
            for (int column = 0; column < row.Length; column++)
                widths[column] = Math.Max(widths[column], row[column].Length);
        }
        return widths;
    }

    /// <summary>Narrows the widest column until all fit, or until none can become narrower.</summary>
    private static int[] Fit(int[] widths, int width)
    {
        long excess = -Gap - (long)width;
        foreach (int one in widths)
            excess += one + Gap;
        for (; excess > 0; excess--)
        {
            int widest = 0;
            for (int column = 1; column < widths.Length; column++)
                widest = widths[column] >= widths[widest] ? column : widest;
            if (widths[widest] <= Narrowest)
                break;
            widths[widest]--;
        }
        return widths;
    }

    private void WriteRow(TextWriter output, string[] row, int[] widths)
    {
        List<string>[] cells = new List<string>[row.Length];
        for (int column = 0; column < row.Length; column++)
            cells[column] = Wrap(row[column], widths[column]);
        int lines = 0;
        foreach (List<string> cell in cells)
            lines = Math.Max(lines, cell.Count);
        for (int line = 0; line < lines; line++)
        {
            var text = new StringBuilder();
            for (int column = 0; column < cells.Length; column++)
            {
                string part = line < cells[column].Count ? cells[column][line] : "";
                Ink ink = InkOf?.Invoke(column, row[column]) ?? Ink.None;
                _ = text.Append(ink.Paint(part)).Append(' ', Math.Max(widths[column] - part.Length, 0) + Gap);
            }
            output.WriteLine(text.ToString().TrimEnd());
        }
    }

    /// <summary>Breaks a cell into at least one line. A word that is longer than the column stands alone and sticks out.</summary>
    private static List<string> Wrap(string cell, int width)
    {
        var lines = new List<string> { "" };
        foreach (string word in cell.Split(' '))
        {
            if (lines[^1].Length == 0)
                lines[^1] = word;
            else if (lines[^1].Length + 1 + word.Length <= width)
                lines[^1] += " " + word;
            else
                lines.Add(word);
        }
        return lines;
    }
}
