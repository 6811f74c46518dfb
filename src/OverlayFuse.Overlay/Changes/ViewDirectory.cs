using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Changes;

/// <summary>One directory of a stack of layers: a part in each layer that it merges, topmost first. It owns the parts.</summary>
internal sealed class ViewDirectory : IDisposable
{
    public const OpenFlags Flags = OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow;

    private readonly List<ViewPart> _parts = [];

    public IReadOnlyList<ViewPart> Parts => _parts;

    /// <summary>False after <see cref="Dispose"/>, until its parts are opened again.</summary>
    public bool IsOpen => _parts.Count > 0 && _parts[^1].Fd.IsOpen;

    /// <summary>Adds a layer's part of it.</summary>
    /// <param name="part">Not open yet.</param>
    /// <param name="directory">The directory that holds the part.</param>
    /// <param name="name">The part's name there.</param>
    public Errno Add(ViewPart part, Fd directory, Name name)
    {
        Errno error;
        if ((error = Sys.OpenAt(directory, name, Flags, out Fd opened)) != Errno.None || (error = part.Take(opened)) != Errno.None)
            return error;
        _parts.Add(part);
        return Errno.None;
    }

    /// <summary>True if it merges the same directories of lower layers as another.</summary>
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

    /// <summary>The parts in lower layers, opened once more.</summary>
    /// <exception cref="IOException">One cannot be opened.</exception>
    public ViewDirectory Lowers()
    {
        var lowers = new ViewDirectory();
        foreach (ViewPart part in _parts.Skip(LowersFrom(this)))
            ViewLayers.Require(lowers.Add(new ViewPart(part.Layer, part.Location), part.Fd, Name.Dot), Name.Dot);
        return lowers;
    }

    /// <summary>Closes the parts. They can be opened again.</summary>
    public void Dispose()
    {
        foreach (ViewPart part in _parts)
            part.Close();
    }

    private static int LowersFrom(ViewDirectory directory) => directory.Parts is [{ Layer: 0 }, ..] ? 1 : 0;
}
