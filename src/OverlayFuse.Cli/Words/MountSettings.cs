using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Words;

/// <summary>What the options have said so far; the rules of <see cref="OptionTable"/> write into it, the last one wins.</summary>
internal sealed class MountSettings
{
    public const int DefaultMaxLayers = 128;

    /// <summary>From lowerdir=, where the last one wins, as in the kernel.</summary>
    public List<string>? LowerDir { get; private set; }

    /// <summary>Data-only layers of the same lowerdir=.</summary>
    public List<string> LowerData { get; private set; } = [];

    /// <summary>From datadir+=.</summary>
    public List<string> AppendedData { get; } = [];

    public IoMode Io { get; set; }

    public RedirectMode? Redirect { get; set; }

    public bool? Metacopy { get; set; }

    /// <summary>From lowerdir+= and layers_file=, in their order.</summary>
    public List<string> AppendedLayers { get; } = [];

    public string? UpperDir { get; set; }

    public string? WorkDir { get; set; }

    public int MaxLayers { get; set; } = DefaultMaxLayers;

    public bool? UserXattr { get; set; }

    public bool? Index { get; set; }

    public bool NfsExport { get; set; }

    public bool KeepsLowers { get; set; }

    public VerityMode Verity { get; set; }

    public UuidMode Uuid { get; set; }

    public bool Volatile { get; set; }

    public FsyncMode Fsync { get; set; }

    public IReadOnlyList<IdRange> UidMap { get; set; } = [];

    public IReadOnlyList<IdRange> GidMap { get; set; } = [];

    public bool SquashToRoot { get; set; }

    public uint? SquashUid { get; set; }

    public uint? SquashGid { get; set; }

    public XattrPermissions XattrPermissions { get; set; }

    public bool StaticNlink { get; set; }

    public bool NoAcl { get; set; }

    public bool NoXattrs { get; set; }

    public bool ReadOnly { get; set; }

    public bool? AllowOther { get; set; }

    public bool AllowRoot { get; set; }

    public TimeSpan? CacheTimeout { get; set; }

    public TimeSpan? EntryTimeout { get; set; }

    public TimeSpan? AttributeTimeout { get; set; }

    public TimeSpan? NegativeTimeout { get; set; }

    public bool AutoCache { get; set; }

    public bool DirectIo { get; set; }

    public bool WriteBack { get; set; }

    public bool ShortInos { get; set; }

    public bool IncrementalCopyUp { get; set; }

    public uint MaxReadahead { get; set; } = 512 << 10;

    public bool Debug { get; set; }

    public string? Source { get; set; }

    /// <summary>Forgets the layers before it, however they were named (ovl_parse_layers).</summary>
    /// <exception cref="UsageException">A layer's name is empty.</exception>
    public void SetLowerDir(string value)
    {
        LowerDir = LayerList.Split(value, out List<string> data);
        LowerData = data;
        AppendedLayers.Clear();
        AppendedData.Clear();
    }

    /// <exception cref="UsageException">Layers were named in another way before, or data-only ones already.</exception>
    public void AppendLayers(string option, IEnumerable<string> paths)
    {
        RefuseAfterLowerDir(option);
        if (AppendedData.Count > 0)
            throw new UsageException($"{option}: comes after datadir+={AppendedData[^1]}; data-only layers are the lowest, name them last");
        AppendedLayers.AddRange(paths);
    }

    /// <exception cref="UsageException">Layers were named in another way before.</exception>
    public void AppendData(string path)
    {
        RefuseAfterLowerDir("datadir+=" + path);
        AppendedData.Add(path);
    }

    private void RefuseAfterLowerDir(string option)
    {
        if (LowerDir is not null)
            throw new UsageException(
                $"lowerdir= and {option} cannot stand together; give all layers by lowerdir+= and layers_file=, or all by lowerdir=");
    }

    /// <summary>Words for the mount itself by subject ("dev" for dev and nodev).</summary>
    public Dictionary<string, string> MountWords { get; } = [];
}
