using System.Text.Json;
using OverlayFuse.Overlay.Seeing;

namespace OverlayFuse.Tools.Explain;

/// <summary>An explanation for programs: docs/schemas/explain.json.</summary>
/// <param name="view">The layers.</param>
/// <param name="entry">The explanation.</param>
internal sealed class ExplanationObject(StackView view, EntryExplanation entry) : IJsonObject
{
    public void WriteTo(Utf8JsonWriter json)
    {
        JsonOutput.WritePath(json, "path", entry.Path);
        json.WriteBoolean("shown", entry.IsShown);
        json.WriteBoolean("broken", entry.IsBroken);
        json.WriteStartArray("layers");
        foreach (LayerEntryExplanation layer in entry.Layers)
            WriteLayer(json, layer);
        json.WriteEndArray();
        WriteEffect(json, "write", entry.Write);
        WriteEffect(json, "chmod", entry.Attributes);
        WriteEffect(json, "delete", entry.Delete);
        WriteEffect(json, "rename", entry.Rename);
    }

    private void WriteLayer(Utf8JsonWriter json, LayerEntryExplanation layer)
    {
        json.WriteStartObject();
        json.WriteNumber("number", layer.Layer);
        json.WriteString("role", LayerWords.Of(view, layer.Layer).Role);
        JsonOutput.WritePath(json, "directory", LayerWords.Of(view, layer.Layer).Path);
        JsonOutput.WritePath(json, "place", layer.Place);
        json.WriteString("form", LayerWords.Form(layer.Form));
        WriteAttributes(json, layer);
        json.WriteBoolean("gives_data", layer.GivesData);
        json.WriteBoolean("gives_metadata", layer.GivesMetadata);
        json.WriteBoolean("is_part", layer.IsPart);
        json.WriteBoolean("aufs_mark", layer.HasAufsMark);
        json.WriteBoolean("passed_by", layer.IsPassedBy);
        WriteHiding(json, layer.HiddenBy);
        WriteXattrs(json, layer);
        json.WriteEndObject();
    }

    private static void WriteAttributes(Utf8JsonWriter json, LayerEntryExplanation layer)
    {
        bool isFile = layer.Form == EntryForm.File;
        if (isFile)
            json.WriteString("type", LayerWords.Type(layer.Stat.Type));
        else
            json.WriteNull("type");
        JsonOutput.WriteNumber(json, "size", isFile ? (long)layer.Stat.Size : null);
        JsonOutput.WriteNumber(json, "mode", isFile ? layer.Stat.Mode & 0xFFF : null);
        JsonOutput.WriteNumber(json, "uid", isFile ? layer.Stat.Uid : null);
        JsonOutput.WriteNumber(json, "gid", isFile ? layer.Stat.Gid : null);
        JsonOutput.WriteNumber(json, "links", isFile ? layer.Stat.Nlink : null);
        JsonOutput.WriteNumber(json, "inode", isFile ? (long)layer.Stat.Ino : null);
        if (layer.Target is { } target)
            JsonOutput.WritePath(json, "target", target);
        else
            json.WriteNull("target");
    }

    private static void WriteHiding(Utf8JsonWriter json, Hiding? hiding)
    {
        if (hiding is null)
        {
            json.WriteNull("hidden_by");
            return;
        }
        json.WriteStartObject("hidden_by");
        json.WriteString("reason", LayerWords.Key(hiding.Reason));
        json.WriteNumber("layer", hiding.Layer);
        JsonOutput.WritePath(json, "path", hiding.Path);
        json.WriteEndObject();
    }

    private static void WriteXattrs(Utf8JsonWriter json, LayerEntryExplanation layer)
    {
        json.WriteStartArray("xattrs");
        foreach (EntryXattr xattr in layer.Xattrs)
        {
            json.WriteStartObject();
            JsonOutput.WritePath(json, "name", xattr.Name);
            json.WriteBase64String("value_base64", xattr.Value);
            json.WriteBoolean("is_mark", xattr.IsMark);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (layer.Origin is null)
        {
            json.WriteNull("origin");
            return;
        }
        json.WriteStartObject("origin");
        JsonOutput.WriteNumber(json, "layer", layer.Origin.Layer);
        JsonOutput.WriteNumber(json, "inode", (long?)layer.Origin.Ino);
        json.WriteEndObject();
    }

    private static void WriteEffect(Utf8JsonWriter json, string key, ChangeEffect? effect)
    {
        if (effect is null)
        {
            json.WriteNull(key);
            return;
        }
        json.WriteStartObject(key);
        json.WriteString("effect", LayerWords.Key(effect.Outcome));
        json.WriteNumber("bytes", effect.Bytes);
        json.WriteNumber("directories", effect.Directories);
        json.WriteEndObject();
    }
}
