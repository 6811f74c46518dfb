using OverlayFuse.Linux;
using OverlayFuse.Overlay.Changes;

namespace OverlayFuse.Overlay.Seeing;

/// <summary>Walks to one entry of the view, and tells for each layer what it holds there.</summary>
/// <param name="layers">The layers.</param>
/// <param name="lowerRoots">The roots of the lower layers.</param>
/// <param name="reader">Reads entries of layers.</param>
internal sealed class Explainer(ViewLayers layers, ViewDirectory lowerRoots, EntryReader reader)
{
    /// <exception cref="IOException">A layer cannot be read, or the path leads through a symbolic link.</exception>
    public EntryExplanation Explain(string path)
    {
        string[] names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        LayerState[] states = Roots();
        if (names.Length == 0)
            return OfRoot(states);
        using ViewDirectory directory = Walk(names[..^1], states, out int copied);
        string at = string.Join('/', names);
        byte[] name = Name.From(names[^1]).ToArray();
        using ViewEntry? entry = Step(directory, name, at, states, out LookupTrace? trace);
        return OfEntry(at, entry, states, trace, () => Effects(directory, name, entry!, copied));
    }

    /// <summary>Opens a directory of the view.</summary>
    /// <param name="path">Its path; empty for the root.</param>
    /// <param name="states">The states of the layers there.</param>
    /// <exception cref="IOException">The view has no such directory, or a layer cannot be read.</exception>
    public ViewDirectory Enter(string path, out LayerState[] states)
    {
        states = Roots();
        ViewDirectory directory = Walk(path.Split('/', StringSplitOptions.RemoveEmptyEntries), states, out _);
        return directory.Parts.Count > 0 ? directory
            : throw new IOException($"{path}: is no directory of the view; see 'overlayfuse explain'");
    }

    /// <summary>Looks one name up, and changes the states of the layers to those below.</summary>
    /// <param name="directory">The directory; without parts if it is not shown.</param>
    /// <param name="name">With a NUL.</param>
    /// <param name="path">The path in the view.</param>
    /// <param name="states">One for each layer.</param>
    /// <param name="trace">The way of the lookup; null if the directory is not shown.</param>
    public ViewEntry? Step(ViewDirectory directory, byte[] name, string path, LayerState[] states, out LookupTrace? trace)
    {
        LookupTrace? way = trace = directory.Parts.Count > 0 ? new LookupTrace() : null;
        ViewEntry? entry = way is null ? null : new ViewLookup(layers, lowerRoots, directory, name) { Trace = way }.Run();
        for (int layer = 0; layer < states.Length; layer++)
            states[layer] = states[layer].Below(layer, name, path, way);
        return entry;
    }

    /// <summary>The entries of all layers, without those of a layer that has none.</summary>
    public IEnumerable<LayerEntryExplanation> Held(ViewEntry? entry, LayerState[] states, LookupTrace? trace)
    {
        for (int layer = layers.HasUpper ? 0 : 1; layer < states.Length; layer++)
        {
            LayerState state = states[layer];
            LayerEntryExplanation held = reader.Read(layer, state.Place);
            bool isDirectory = held is { Form: EntryForm.File, Stat.IsDirectory: true };
            yield return held with
            {
                GivesMetadata = entry?.Top.Layer == layer,
                GivesData = entry is { IsBroken: false, Stat.IsDirectory: false } && entry.Data.Layer == layer,
                IsPart = state.IsShown && isDirectory,
                HiddenBy = state.IsShown || held.Form == EntryForm.Nothing || IsTheReason(held, state.HiddenBy) ? null : state.HiddenBy,
            };
            if (state.PassedBy is { } own && reader.Read(layer, own) is { Form: not EntryForm.Nothing } other)
                yield return other with { IsPassedBy = true };
        }
        foreach (LayerEntryExplanation data in Data(trace?.DataPath))
            yield return data;
    }

    private LayerState[] Roots() => [.. layers.Stack.Select(_ => new LayerState([], true, null))];

    /// <summary>Goes down from the root.</summary>
    /// <param name="names">The names on the way.</param>
    /// <param name="states">Become those of the last directory.</param>
    /// <param name="copied">The number of directories on the way that the upper does not have.</param>
    /// <returns>The last directory; without parts if it is not shown.</returns>
    private ViewDirectory Walk(string[] names, LayerState[] states, out int copied)
    {
        copied = 0;
        ViewDirectory directory = layers.OpenRoot(0);
        string at = "";
        foreach (string name in names)
        {
            using ViewDirectory above = directory;
            at = at.Length == 0 ? name : $"{at}/{name}";
            using ViewEntry? entry = Step(above, Name.From(name).ToArray(), at, states, out _);
            RefuseLink(entry, at);
            directory = entry is { IsBroken: false } ? entry.Release() : new ViewDirectory();
            copied += directory.PartIn(0) is null ? 1 : 0;
        }
        return directory;
    }

    /// <summary>A whiteout is not hidden by itself.</summary>
    private static bool IsTheReason(LayerEntryExplanation held, Hiding? hiding) =>
        held.Layer == hiding?.Layer && held.Form is EntryForm.WhiteoutDevice or EntryForm.WhiteoutFile;

    private IEnumerable<LayerEntryExplanation> Data(byte[]? path)
    {
        bool isFound = false;
        for (int i = 0; path is not null && i < layers.DataOnly.Count; i++)
        {
            LayerEntryExplanation held = reader.Read(layers.Stack.Count + i, path[..^1]);
            bool gives = !isFound && held is { Form: EntryForm.File, Stat.Type: FileType.Regular };
            isFound |= gives;
            yield return held with { GivesData = gives };
        }
    }

    private EntryExplanation OfEntry(
        string path, ViewEntry? entry, LayerState[] states, LookupTrace? trace, Func<ChangeEffects> effects)
    {
        var explanation = new EntryExplanation
        {
            Path = path,
            IsShown = entry is not null,
            IsBroken = entry is { IsBroken: true },
            Layers = WithOrigins([.. Held(entry, states, trace)]),
        };
        return entry is { IsBroken: false } ? effects().AddTo(explanation) : explanation;
    }

    private EntryExplanation OfRoot(LayerState[] states)
    {
        LayerEntryExplanation[] parts = [.. Held(null, states, null)];
        return new EntryExplanation
        {
            Path = "",
            IsShown = true,
            Layers = [.. parts.Select((part, index) => part with { GivesMetadata = index == 0 })],
        };
    }

    /// <summary>Names the layer of each original, if it is one of the entries below its copy.</summary>
    private static LayerEntryExplanation[] WithOrigins(LayerEntryExplanation[] all) => [.. all.Select(copy => copy.Origin is not { } origin
        ? copy
        : copy with
        {
            Origin = origin with
            {
                Layer = all.FirstOrDefault(
                    held => held.Layer > copy.Layer && held.Form == EntryForm.File && held.Stat.Ino == origin.Ino)?.Layer,
            },
        })];

    private ChangeEffects Effects(ViewDirectory parent, byte[] name, ViewEntry entry, int copied)
    {
        using ViewDirectory below = parent.Lowers();
        using ViewEntry? lower = below.Parts.Count == 0 ? null : new ViewLookup(layers, lowerRoots, below, name).Run();
        return new ChangeEffects(layers, entry, lower is not null, copied);
    }

    /// <exception cref="IOException">The entry is a symbolic link.</exception>
    private static void RefuseLink(ViewEntry? entry, string path)
    {
        if (entry is { Stat.Type: FileType.SymLink })
            throw new IOException($"{path}: is a symbolic link on the way; name the file by the path that the link leads to");
    }
}
