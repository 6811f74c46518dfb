using System.Globalization;
using System.Text;

namespace OverlayFuse.Output;

/// <summary>
/// Text that is safe for a terminal. The names that a layer, a mount or /proc gives may hold anything: a control character moves the cursor
/// or sets the window's title, a line break forges a line, and a character that turns the direction of writing makes a name look like
/// another. These become a backslash and three octal digits for each byte, as with ls -b and git; so does a byte that is not UTF-8.
/// Everything that is printed goes through here once.
/// </summary>
internal static class PlainText
{
    /// <summary>First of the 128 lone surrogates that stand for bytes 0x80 to 0xFF that are not UTF-8.</summary>
    private const int FirstRawByte = 0xDC80;
    private const int LastRawByte = 0xDCFF;

    /// <summary>Brings the cursor to the begin of its line, and erases that.</summary>
    private const string EmptyLine = "\r\e[K";

    /// <summary>Tells the user on standard error.</summary>
    public static void Complain(string text) =>
        Console.Error.WriteLine($"{(Inks.OnErrors ? Ink.Red : Ink.None).Paint("overlayfuse:")} {Escape(text)}");

    /// <summary>Writes over the line of the terminal that the cursor is in. A longer text is cut: a line break could not be erased.</summary>
    public static void ShowLine(string text)
    {
        string line = Escape(text);
        int width = Math.Max(Console.WindowWidth - 1, 1);
        Console.Error.Write(EmptyLine + (line.Length > width ? line[..width] : line));
    }

    /// <summary>Erases what <see cref="ShowLine"/> has written.</summary>
    public static void EraseLine() => Console.Error.Write(EmptyLine);

    /// <summary>Writes to the log. A line break stays one, and the line after it is indented, so no line of the log is forged.</summary>
    public static void Log(string text) => Console.Error.WriteLine(string.Join("\n  ", text.Split('\n').Select(Escape)));

    /// <summary>Makes one line of text plain. A backslash stays as it is.</summary>
    public static string Escape(string text)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0)
            return text;
        var escaped = new StringBuilder(text.Length + 16);
        for (int i = 0; i < text.Length;)
        {
            if (Rune.TryGetRuneAt(text, i, out Rune rune))
            {
                Append(escaped, rune);
                i += rune.Utf16SequenceLength;
            }
            else
            {
                AppendLone(escaped, text[i++]);
            }
        }
        return escaped.ToString();
    }

    /// <summary>Makes JSON plain that a terminal shows, by the escapes of JSON (\uXXXX), which can stand in strings only.</summary>
    public static string EscapeJson(string json)
    {
        var escaped = new StringBuilder(json.Length);
        // Half of a pair becomes U+FFFD.
        foreach (Rune rune in json.EnumerateRunes())
        {
            if (IsPlain(rune) || rune.Value == '\n')
                _ = escaped.Append(rune);
            else
                AppendUtf16(escaped, rune);
        }
        return escaped.ToString();
    }

    /// <summary>Makes a name plain that programs read, too: a backslash is escaped as well, so a program can restore the bytes.</summary>
    public static string EscapeName(ReadOnlySpan<byte> bytes)
    {
        var escaped = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            bool isText = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            if (isText && IsPlain(rune) && rune.Value != '\\')
                _ = escaped.Append(rune);
            else
                AppendOctal(escaped, bytes[..length]);
            bytes = bytes[length..];
        }
        return escaped.ToString();
    }

    /// <summary>True if a character may be printed as it is.</summary>
    internal static bool IsPlain(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static void Append(StringBuilder escaped, Rune rune)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (IsPlain(rune))
            _ = escaped.Append(rune);
        else
            AppendOctal(escaped, bytes[..rune.EncodeToUtf8(bytes)]);
    }

    private static void AppendUtf16(StringBuilder escaped, Rune rune)
    {
        Span<char> units = stackalloc char[2];
        foreach (char unit in units[..rune.EncodeToUtf16(units)])
            _ = escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
    }

    /// <summary>Appends a byte that was not UTF-8, or half of a pair.</summary>
    private static void AppendLone(StringBuilder escaped, char lone)
    {
        if ((int)lone is >= FirstRawByte and <= LastRawByte)
            AppendOctal(escaped, [(byte)(lone - FirstRawByte + 0x80)]);
        else
            AppendOctal(escaped, [(byte)(0xE0 | (lone >> 12)), (byte)(0x80 | (lone >> 6 & 0x3F)), (byte)(0x80 | (lone & 0x3F))]);
    }

    private static void AppendOctal(StringBuilder escaped, ReadOnlySpan<byte> bytes)
    {
        foreach (byte one in bytes)
            _ = escaped.Append('\\').Append(Convert.ToString(one, 8).PadLeft(3, '0'));
    }
}
