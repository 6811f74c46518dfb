using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Words;

/// <summary>The lower layers that the options have named so far.</summary>
internal sealed class LayerWords
{
    public const int DefaultMaxLayers = 128;

    /// <summary>From lowerdir=, or from lowerdir+= and layers_file= in their order.</summary>
    public List<string> Lowers { get; private set; } = [];

    /// <summary>Data-only layers, from lowerdir= or datadir+=.</summary>
    public List<string> Data { get; private set; } = [];

    /// <summary>The layers are those of a lowerdir=.</summary>
    public bool IsWhole { get; private set; }

    public int MaxLayers { get; set; } = DefaultMaxLayers;

    /// <summary>Forgets the layers before it, however they were named (ovl_parse_layers).</summary>
    /// <exception cref="UsageException">A layer's name is empty.</exception>
    public void Set(string lowerdir)
    {
        Lowers = LayerList.Split(lowerdir, out List<string> data);
        Data = data;
        IsWhole = true;
    }

    /// <exception cref="UsageException">Layers were named in another way before, or data-only ones already.</exception>
    public void Append(string option, IEnumerable<string> paths)
    {
        OptionConflicts.RefuseAppended(this, option);
        OptionConflicts.RefuseBehindData(this, option);
        Lowers.AddRange(paths);
    }

    /// <exception cref="UsageException">Layers were named in another way before.</exception>
    public void AppendData(string path)
    {
        OptionConflicts.RefuseAppended(this, "datadir+=" + path);
        Data.Add(path);
    }

    /// <summary>Puts the layers into the options.</summary>
    /// <exception cref="UsageException">There is no layer, or there are too many.</exception>
    public OverlayOptions AddTo(OverlayOptions overlay)
    {
        if (Lowers.Count == 0)
            throw new UsageException("lowerdir= is missing; write -o lowerdir=TOP:...:BOTTOM");
        if (Lowers.Count + Data.Count > MaxLayers)
            throw TooMany(Lowers.Count + Data.Count);
        return overlay with { LowerDirs = FullPath.OfAll(Lowers), DataDirs = FullPath.OfAll(Data) };
    }

    private UsageException TooMany(int count) => new(
        $"lowerdir: {count} lower layers, the limit is {MaxLayers}; " +
        (count <= OverlayOptions.MostLowers
            ? $"raise it with max_layers={count} (at most {OverlayOptions.MostLowers})"
            : $"merge some of them: max_layers= goes up to {OverlayOptions.MostLowers}, as in the kernel"));
}
