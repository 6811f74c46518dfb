using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OverlayFuse.Linux;

namespace OverlayFuse.Output;

/// <summary>One object of <see cref="JsonOutput"/>.</summary>
internal interface IJsonObject
{
    /// <summary>Writes keys and values.</summary>
    void WriteTo(Utf8JsonWriter json);
}

/// <summary>
/// The output of verbs with --json: an array of objects. Keys are for programs: they are never renamed, and a value that is not known is
/// null. Written by hand, because a serializer would make the program larger by an eighth.
/// </summary>
internal static class JsonOutput
{
    /// <summary>Paths stay readable: nobody puts this into HTML.</summary>
    private static readonly JsonWriterOptions s_format = OnOneLine with { Indented = true };

    /// <summary>The same without line breaks.</summary>
    public static JsonWriterOptions OnOneLine => new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The option of a verb that can print so. An error is one line on standard error here, too, and the exit status tells.</summary>
    public static Option<bool> Option() => new("--json") { Description = "Print an array of objects, for programs" };

    public static string Of(IEnumerable<IJsonObject> objects)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, s_format))
        {
            json.WriteStartArray();
            foreach (IJsonObject one in objects)
            {
                json.WriteStartObject();
                one.WriteTo(json);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        return PlainText.EscapeJson(Encoding.UTF8.GetString(text.ToArray()));
    }

    /// <summary>
    /// Writes a path. JSON has no bytes, and many readers refuse half a pair: one mount with such a name would keep a script from reading
    /// all others. So a byte that is not UTF-8 becomes U+FFFD, and a second key has the bytes.
    /// </summary>
    public static void WritePath(Utf8JsonWriter json, string key, string path)
    {
        if (!NativeText.HasRawBytes(path))
        {
            json.WriteString(key, path);
            return;
        }
        byte[] bytes = NativeText.ToBytes(path);
        json.WriteString(key, Encoding.UTF8.GetString(bytes));
        json.WriteBase64String(key + "_base64", bytes);
    }

    /// <summary>A number, or null.</summary>
    public static void WriteNumber(Utf8JsonWriter json, string key, long? number)
    {
        if (number is { } known)
            json.WriteNumber(key, known);
        else
            json.WriteNull(key);
    }

    /// <summary>True, false or null.</summary>
    public static void WriteBoolean(Utf8JsonWriter json, string key, bool? value)
    {
        if (value is { } known)
            json.WriteBoolean(key, known);
        else
            json.WriteNull(key);
    }
}
