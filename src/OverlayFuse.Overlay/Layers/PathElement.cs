using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>One name on the way of a lookup: alone, or as a part of a redirected path.</summary>
/// <param name="name">The name.</param>
internal readonly ref struct PathElement(Name name)
{
    public Name Name { get; } = name;

    /// <summary>The path that holds it, with a NUL behind it; null for the plain name.</summary>
    public byte[]? Path { get; init; }

    /// <summary>Its position in <see cref="Path"/>.</summary>
    public int Offset { get; init; }

    /// <summary>Other names of the path follow.</summary>
    public bool IsInner { get; init; }

    /// <summary>
    /// It names no file of its directory. A redirect may hold any bytes, and must not lead out of the layer (lookup_noperm_common).
    /// </summary>
    public bool LeadsElsewhere => Name.Bytes is [] or [(byte)'.'] or [(byte)'.', (byte)'.'];

    /// <summary>The name or path with which the lookup goes on below, if this element has a redirect.</summary>
    public byte[] Follow(byte[] redirect) =>
        redirect[0] == (byte)'/' || Path is null ? WithRest(redirect) : [.. Path.AsSpan(0, Offset), .. WithRest(redirect)];

    /// <summary>Another path, followed by the part of this path below the element.</summary>
    private byte[] WithRest(byte[] redirect) =>
        IsInner ? [.. redirect.AsSpan(0, redirect.Length - 1), .. Path.AsSpan(Offset + Name.Length)] : redirect;
}
