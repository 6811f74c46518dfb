using System.Text;

namespace OverlayFuse.Output;

/// <summary>
/// Writes a line for each change: A, M or D, a space, the path. A backslash in the path, and every character that a terminal would not show
/// as it is (<see cref="PlainText"/>), becomes \ooo: an octal number for each byte.
/// </summary>
/// <param name="write">Takes many lines at a time.</param>
internal sealed class ChangeLines(ByteSink write) : IChangeWriter
{
    private const int Enough = 1 << 20;

    private byte[] _lines = new byte[2 * Enough];
    private int _length;

    public void Add(char kind, ReadOnlySpan<byte> path)
    {
        bool isPlain = path.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0 && !path.Contains((byte)'\\');
        ReadOnlySpan<byte> text = isPlain ? path : Encoding.UTF8.GetBytes(PlainText.EscapeName(path));
        if (_length + text.Length + 3 > _lines.Length)
            Array.Resize(ref _lines, 2 * (_length + text.Length + 3));
        _lines[_length++] = (byte)kind;
        _lines[_length++] = (byte)' ';
        text.CopyTo(_lines.AsSpan(_length));
        _length += text.Length;
        _lines[_length++] = (byte)'\n';
        if (_length >= Enough)
            End();
    }

    /// <summary>Writes the lines that are left.</summary>
    public void End()
    {
        if (_length > 0)
            write(_lines.AsSpan(0, _length));
        _length = 0;
    }

    /// <summary>Gives the letters of whole lines their colours.</summary>
    /// <param name="write">Takes the painted lines.</param>
    public static ByteSink Painted(ByteSink write) => lines =>
    {
        var painted = new StringBuilder();
        foreach (string line in Encoding.UTF8.GetString(lines).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            _ = painted.Append(InkOf(line[0]).Paint(line[..1])).Append(line, 1, line.Length - 1).Append('\n');
        write(Encoding.UTF8.GetBytes(painted.ToString()));
    };

    private static Ink InkOf(char kind) => kind switch
    {
        'A' => Ink.Green,
        'D' => Ink.Red,
        _ => Ink.Yellow,
    };
}
