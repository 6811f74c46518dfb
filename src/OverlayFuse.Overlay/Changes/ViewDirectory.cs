using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Changes;

/// <summary>A directory of one layer; owned by the <see cref="ViewDirectory"/> that it is a part of.</summary>
/// <param name="layer">0 the upper, then the lower ones.</param>
/// <param name="location">Where it is: a name in the parent's part of the same layer, or a path from the layer's root; with a NUL. Null: the root.</param>
internal sealed class ViewPart(int layer, byte[]? location)
{
    public int Layer => layer;

    public byte[]? Location => location;

    /// <summary>O_PATH; none while the directory is closed.</summary>
    public Fd Fd { get; private set; } = Fd.None;

    private ulong Dev { get; set; }

    private ulong Ino { get; set; }

    /// <summary>It lies in the same layer's part of the parent.</summary>
    public bool IsBelowParent => location is not null and not [(byte)'/', ..];

    /// <summary>The same directory of the same layer.</summary>
    public bool IsSame(ViewPart other) => (Layer, Dev, Ino) == (other.Layer, other.Dev, other.Ino);

    /// <summary>Takes a descriptor over. The second time it must be the same directory.</summary>
    /// <returns>ESTALE when it is another one: the layer changes meanwhile.</returns>
    public Errno Take(Fd fd)
    {
        Errno error = Sys.FStatx(fd, out Statx stat);
        if (error == Errno.None && Ino != 0 && (stat.Dev, stat.Ino) != (Dev, Ino))
            error = Errno.ESTALE;
        if (error != Errno.None)
        {
            Sys.Close(fd);
            return error;
        }
        (Fd, Dev, Ino) = (fd, stat.Dev, stat.Ino);
        return Errno.None;
    }

    public void Close()
    {
        if (Fd.IsOpen)
            Sys.Close(Fd);
        Fd = Fd.None;
    }
}

/// <summary>What a stack of layers shows as one directory: a part in each layer that it merges, topmost first.</summary>
internal sealed class ViewDirectory : IDisposable
{
    public const OpenFlags Flags = OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow;

    private readonly List<ViewPart> _parts = [];

    public IReadOnlyList<ViewPart> Parts => _parts;

    /// <summary>False after <see cref="Dispose"/>, until its parts are opened again.</summary>
    public bool IsOpen => _parts.Count > 0 && _parts[^1].Fd.IsOpen;

    /// <summary>Adds a layer's part of it.</summary>
    /// <param name="part">Not open yet.</param>
    /// <param name="directory">Where <paramref name="name"/> is.</param>
    /// <param name="name">The part's name there.</param>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public void Add(ViewPart part, Fd directory, Name name)
    {
        ViewLayers.Require(Sys.OpenAt(directory, name, Flags, out Fd opened), name);
        ViewLayers.Require(part.Take(opened), name);
        _parts.Add(part);
    }

    /// <summary>Whether it merges the same directories of lower layers as another.</summary>
    public bool HasSameLowers(ViewDirectory other)
    {
        int mine = LowersFrom(this), others = LowersFrom(other);
        if (Parts.Count - mine != other.Parts.Count - others)
            return false;
        for (; mine < Parts.Count; mine++, others++)
        {
            if (!Parts[mine].IsSame(other.Parts[others]))
                return false;
        }
        return true;
    }

    /// <summary>The part in one layer, or null.</summary>
    public ViewPart? PartIn(int layer) => _parts.Find(part => part.Layer == layer);

    /// <summary>Closes the parts; what they are stays known.</summary>
    public void Dispose()
    {
        foreach (ViewPart part in _parts)
            part.Close();
    }

    private static int LowersFrom(ViewDirectory directory) => directory.Parts is [{ Layer: 0 }, ..] ? 1 : 0;
}
