using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// A file of a layer: a directory's descriptor and a name in it, or the file's own descriptor and the empty name. It owns no descriptor.
/// </summary>
/// <param name="directory">The descriptor.</param>
/// <param name="name">The name.</param>
internal readonly ref struct LayerName(Fd directory, Name name)
{
    public Fd Directory { get; } = directory;

    public Name Name { get; } = name;
}
