using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace OverlayFuse.Linux;

/// <summary>
/// Turns the bytes of arguments, paths and variables into strings and back, and loses none: a byte that is no UTF-8 becomes the lone
/// surrogate U+DC00 + byte (Python's surrogateescape). No other code does this conversion.
/// </summary>
public static class NativeText
{
    private const char FirstEscape = '\uDC80';
    private const char LastEscape = '\uDCFF';
    private const char EscapeBase = '\uDC00';

    /// <summary>The text of bytes without a NUL.</summary>
    public static string From(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
            return Encoding.UTF8.GetString(bytes);
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            bool isValid = Rune.DecodeFromUtf8(bytes, out Rune rune, out int used) == OperationStatus.Done;
            _ = isValid ? text.Append(rune.ToString()) : text.Append((char)(EscapeBase + bytes[0]));
            bytes = bytes[(isValid ? used : 1)..];
        }
        return text.ToString();
    }

    /// <summary>The text of a C string; null for NULL.</summary>
    /// <param name="text">Its address.</param>
    public static unsafe string? FromPointer(nint text) =>
        text == 0 ? null : From(MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)text));

    /// <summary>The bytes that <see cref="From"/> was given.</summary>
    public static byte[] ToBytes(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange(FirstEscape, LastEscape))
            return Encoding.UTF8.GetBytes(text);
        var bytes = new List<byte>(text.Length);
        Span<byte> buffer = stackalloc byte[4];
        for (int i = 0; i < text.Length;)
        {
            bool isRune = Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int used) == OperationStatus.Done;
            if (!isRune && text[i] is >= FirstEscape and <= LastEscape)
                bytes.Add((byte)(text[i] - EscapeBase));
            else
                // Half a pair that is no escaped byte becomes U+FFFD.
                bytes.AddRange(buffer[..rune.EncodeToUtf8(buffer)]);
            i += used;
        }
        return [.. bytes];
    }

    /// <summary>True if the text has bytes that are no UTF-8.</summary>
    public static bool HasRawBytes(string text) =>
        text.AsSpan().ContainsAnyInRange(FirstEscape, LastEscape) && !Utf8.IsValid(ToBytes(text));
}
