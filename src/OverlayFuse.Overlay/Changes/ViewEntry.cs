using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Changes;

/// <summary>A name in a directory of one layer.</summary>
/// <param name="Layer">0 the upper, then the lower ones; <see cref="ViewLayers.DataLayer"/> for data-only ones.</param>
/// <param name="Directory">Where it is.</param>
/// <param name="StoredName">With a NUL.</param>
internal readonly record struct ViewPlace(int Layer, Fd Directory, byte[] StoredName)
{
    public Name Name => new(StoredName);
}

/// <summary>What a stack of layers shows under one name: found by <see cref="ViewLookup"/>.</summary>
/// <param name="walked">Descriptors on which its places are based; handed over.</param>
internal sealed class ViewEntry(List<Fd> walked) : IDisposable
{
    /// <summary>Of the topmost layer that has it.</summary>
    public required Statx Stat { get; init; }

    /// <summary>The topmost layer's.</summary>
    public required ViewPlace Top { get; init; }

    /// <summary>Where the data of a file are: below, for a metacopy.</summary>
    public ViewPlace Data { get; set; }

    /// <summary>A mark that cannot be followed: the name is there, and whoever looks at it gets an error.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Its parts, open; none for what is no directory.</summary>
    public ViewDirectory Parts { get; private set; } = new();

    /// <summary>Gives the directory away, open.</summary>
    public ViewDirectory Release()
    {
        ViewDirectory directory = Parts;
        Parts = new ViewDirectory();
        return directory;
    }

    public void Dispose()
    {
        walked.ForEach(Sys.Close);
        walked.Clear();
        Parts.Dispose();
    }
}
