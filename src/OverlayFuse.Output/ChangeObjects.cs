using System.Buffers;
using System.Text;
using System.Text.Json;
using OverlayFuse.Linux;

namespace OverlayFuse.Output;

/// <summary>Writes the changes as a JSON array with one object on a line.</summary>
/// <param name="write">Takes many lines at a time.</param>
internal sealed class ChangeObjects(ByteSink write) : IChangeWriter
{
    private const int Enough = 1 << 20;

    private readonly ArrayBufferWriter<byte> _text = new();
    private bool _isBegun;

    public void Add(char kind, ReadOnlySpan<byte> path)
    {
        _text.Write(_isBegun ? ",\n"u8 : "[\n"u8);
        _isBegun = true;
        using (var json = new Utf8JsonWriter(_text, JsonOutput.OnOneLine))
        {
            json.WriteStartObject();
            json.WriteString("change", Word(kind));
            JsonOutput.WritePath(json, "path", NativeText.From(path));
            json.WriteEndObject();
        }
        if (_text.WrittenCount >= Enough)
            Flush();
    }

    public void End()
    {
        _text.Write(_isBegun ? "\n]\n"u8 : "[]\n"u8);
        Flush();
    }

    private void Flush()
    {
        write(Encoding.UTF8.GetBytes(PlainText.EscapeJson(Encoding.UTF8.GetString(_text.WrittenSpan))));
        _text.ResetWrittenCount();
    }

    private static string Word(char kind) => kind switch
    {
        'A' => "added",
        'D' => "deleted",
        _ => "modified",
    };
}
