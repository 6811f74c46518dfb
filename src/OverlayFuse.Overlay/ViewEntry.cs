using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>A directory of one layer, open for reading; owned by the <see cref="ViewEntry"/> that it is a part of.</summary>
internal readonly record struct ViewPart(int Layer, Fd Fd, ulong Dev, ulong Ino)
{
    /// <summary>The same directory of the same layer.</summary>
    public bool IsSame(ViewPart other) => (Layer, Dev, Ino) == (other.Layer, other.Dev, other.Ino);
}

/// <summary>What a stack of layers shows under one name: found by <see cref="ViewSearch"/>. A directory is open in each layer that it merges.</summary>
internal sealed class ViewEntry : IDisposable
{
    private readonly List<ViewPart> _parts = [];

    /// <summary>Of the topmost layer that has it.</summary>
    public required Statx Stat { get; init; }

    /// <summary>Which layer that is; 0 is the topmost of all.</summary>
    public required int Layer { get; init; }

    /// <summary>Where it is in that layer; the descriptor is the parent's.</summary>
    public required Fd Directory { get; init; }

    /// <summary>Its name there, with a NUL.</summary>
    public required byte[] StoredName { get; init; }

    /// <summary>Topmost first; empty for what is no directory.</summary>
    public IReadOnlyList<ViewPart> Parts => _parts;

    /// <summary>As <see cref="StoredName"/>.</summary>
    public Name Name => new(StoredName);

    /// <summary>The root of a stack.</summary>
    /// <param name="roots">Its layers, topmost first.</param>
    /// <param name="first">The topmost that counts.</param>
    public static ViewEntry Root(IReadOnlyList<Fd> roots, int first)
    {
        ViewSearch.Require(Sys.FStatx(roots[first], out Statx stat), Name.Dot);
        var root = new ViewEntry { Stat = stat, Layer = first, Directory = roots[first], StoredName = Name.Dot.ToArray() };
        for (int layer = first; layer < roots.Count; layer++)
            root.Add(layer, roots[layer], Name.Dot);
        return root;
    }

    /// <summary>Opens one more layer's directory of it.</summary>
    public void Add(int layer, Fd directory, Name name)
    {
        ViewSearch.Require(Sys.OpenAt(directory, name, OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow, out Fd opened), name);
        ViewSearch.Require(Sys.FStatx(opened, out Statx stat), name);
        _parts.Add(new ViewPart(layer, opened, stat.Dev, stat.Ino));
    }

    /// <summary>Whether it merges the same directories of lower layers as another.</summary>
    public bool HasSameLowers(ViewEntry other)
    {
        IEnumerable<ViewPart> mine = Parts.Where(part => part.Layer > 0);
        ViewPart[] others = [.. other.Parts.Where(part => part.Layer > 0)];
        return mine.Count() == others.Length && mine.Zip(others).All(pair => pair.First.IsSame(pair.Second));
    }

    public void Dispose()
    {
        foreach (ViewPart part in _parts)
            Sys.Close(part.Fd);
        _parts.Clear();
    }
}
