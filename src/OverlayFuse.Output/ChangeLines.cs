using System.Text;

namespace OverlayFuse.Output;

/// <summary>Takes bytes that are written.</summary>
internal delegate void ByteSink(ReadOnlySpan<byte> bytes);

/// <summary>
/// Writes a line for each change: A, M or D, a space, the path. A backslash in the path, and every character that a terminal would not show
/// as it is (<see cref="PlainText"/>), becomes \ooo: an octal number for each byte.
/// </summary>
/// <param name="write">Takes many lines at a time.</param>
internal sealed class ChangeLines(ByteSink write) : IDisposable
{
    private const int Enough = 1 << 20;

    private byte[] _lines = new byte[2 * Enough];
    private int _length;

    /// <summary>Adds one line.</summary>
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
            Flush();
    }

    /// <summary>Writes the lines that are left.</summary>
    public void Dispose() => Flush();

    private void Flush()
    {
        if (_length > 0)
            write(_lines.AsSpan(0, _length));
        _length = 0;
    }
}
