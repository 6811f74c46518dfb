using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Changes;

/// <summary>A name in a directory of one layer.</summary>
/// <param name="Layer">0 the upper, then the lower ones; <see cref="ViewLayers.DataLayer"/> for data-only ones.</param>
/// <param name="Directory">The directory.</param>
/// <param name="StoredName">The name, with a NUL.</param>
internal readonly record struct ViewPlace(int Layer, Fd Directory, byte[] StoredName)
{
    public Name Name => new(StoredName);
}

/// <summary>The file that a stack of layers shows under one name, as <see cref="ViewLookup"/> finds it.</summary>
/// <param name="walked">Descriptors on which its places are based. The entry takes them over.</param>
internal sealed class ViewEntry(List<Fd> walked) : IDisposable
{
    /// <summary>The attributes in the topmost layer that has it.</summary>
    public required Statx Stat { get; init; }

    /// <summary>The place in the topmost layer that has it.</summary>
    public required ViewPlace Top { get; init; }

    /// <summary>The place of a file's data: in a layer below, for a metacopy.</summary>
    public ViewPlace Data { get; set; }

    /// <summary>
    /// The entry has a mark that cannot be followed: the name is listed, and the mount answers a lookup of it with an error.
    /// </summary>
    public bool IsBroken { get; set; }

    /// <summary>The parts of a directory, open. Another file has none.</summary>
    public ViewDirectory Parts { get; private set; } = new();

    /// <summary>Hands the open directory over to the caller.</summary>
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
