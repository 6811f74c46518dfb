using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OverlayFuse.Cli.Doctor;
using OverlayFuse.Cli.Mounts;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli;

/// <summary>
/// What the verbs print with --json: an array of objects. Keys are for programs: they are never renamed, and what is not known is null.
/// Written by hand, as a serializer would make the program larger by an eighth.
/// </summary>
internal static class JsonOutput
{
    /// <summary>Paths stay readable: nobody puts this into HTML.</summary>
    private static readonly JsonWriterOptions s_format = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(IEnumerable<Finding> findings) => Array(findings, (json, finding) =>
    {
        json.WriteString("key", finding.Key);
        json.WriteString("what", finding.What);
        json.WriteString("status", finding.StatusWord);
        json.WriteString("detail", finding.Detail);
        json.WriteString("remedy", finding.Remedy);
        json.WriteBoolean("needed", finding.Needed);
    });

    public static string Of(IEnumerable<MountReport> mounts) => Array(mounts, (json, mount) =>
    {
        WritePath(json, "mountpoint", mount.MountPoint);
        json.WriteString("state", mount.State);
        Write(json, "user", mount.User);
        json.WriteBoolean("read_only", mount.IsReadOnly);
        json.WriteString("io", mount.Io);
        if (mount.UserXattr is { } userXattr)
            json.WriteBoolean("userxattr", userXattr);
        else
            json.WriteNull("userxattr");
        Write(json, "pid", mount.ProcessId);
        Write(json, "uptime_seconds", mount.Uptime is { } uptime ? (long)uptime.TotalSeconds : null);
        Write(json, "resident_bytes", mount.ResidentBytes);
        Write(json, "copy_ups", mount.CopyUps);
        Write(json, "inodes", mount.Inodes);
        Write(json, "layer_count", mount.LayerCount);
        json.WriteStartArray("layers");
        foreach ((string role, string path) in mount.Layers)
        {
            json.WriteStartObject();
            json.WriteString("role", role);
            WritePath(json, "path", path);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    /// <summary>
    /// JSON has no bytes, and many readers refuse half a pair: one mount with such a name would keep a script from reading all others. So a byte that is no
    /// UTF-8 is U+FFFD, and a second key has the bytes.
    /// </summary>
    private static void WritePath(Utf8JsonWriter json, string key, string path)
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

    private static void Write(Utf8JsonWriter json, string key, long? number)
    {
        if (number is { } known)
            json.WriteNumber(key, known);
        else
            json.WriteNull(key);
    }

    private static string Array<T>(IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, s_format))
        {
            json.WriteStartArray();
            foreach (T item in items)
            {
                json.WriteStartObject();
                write(json, item);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        return PlainText.EscapeJson(Encoding.UTF8.GetString(text.ToArray()));
    }
}
