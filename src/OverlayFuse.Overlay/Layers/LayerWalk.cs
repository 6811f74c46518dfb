using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// A path from the root of a layer, as redirects give it. It is walked name by name: it follows no symbolic link, and nothing leads out
/// of the layer.
/// </summary>
internal ref struct LayerWalk
{
    private readonly Fd _root;
    private readonly ReadOnlySpan<byte> _path;
    private readonly Span<byte> _name;
    private Fd _entered = Fd.None;
    private int _length;

    /// <param name="root">The layer's root, on loan.</param>
    /// <param name="path">With a leading '/' and a NUL behind it.</param>
    /// <param name="name">Room for one name: NAME_MAX and a NUL.</param>
    public LayerWalk(Fd root, ReadOnlySpan<byte> path, Span<byte> name)
    {
        _root = root;
        _path = path;
        _name = name;
        TakeName(1);
    }

    /// <summary>The directory that the walk is in.</summary>
    public readonly Fd Directory => _entered.IsOpen ? _entered : _root;

    /// <summary>The next name.</summary>
    public readonly Name Name => new(_name[..(Math.Min(_length, _name.Length - 1) + 1)]);

    /// <summary>The position of that name in the path.</summary>
    public int Offset { get; private set; }

    /// <summary>No file can have that name; <see cref="Name"/> is only its start.</summary>
    public readonly bool IsTooLong => _length >= _name.Length;

    /// <summary>No file of the layer has that name; ".." may even lie outside of it.</summary>
    private readonly bool LeadsElsewhere => IsTooLong || new PathElement(Name).LeadsElsewhere;

    /// <summary>The name is the last of the path.</summary>
    public readonly bool IsLast => Offset + _length == _path.Length - 1;

    /// <summary>Opens the file that a path leads to.</summary>
    /// <param name="root">The layer's root.</param>
    /// <param name="path">With a leading '/' and a NUL behind it.</param>
    /// <param name="flags">For the last name; O_NOFOLLOW is added.</param>
    /// <param name="fd">The descriptor.</param>
    public static Errno Open(Fd root, ReadOnlySpan<byte> path, OpenFlags flags, out Fd fd)
    {
        fd = Fd.None;
        var walk = new LayerWalk(root, path, stackalloc byte[Limits.NameMax + 1]);
        try
        {
            while (!walk.IsLast)
            {
                Errno error;
                if ((error = walk.Enter()) != Errno.None)
                    return error;
            }
            if (walk.LeadsElsewhere)
                return Errno.ENOENT;
            return (flags & OpenFlags.Path) != 0
                ? Sys.OpenAt(walk.Directory, walk.Name, flags | OpenFlags.NoFollow, out fd)
                : Sys.OpenUnnoticedAt(walk.Directory, walk.Name, flags | OpenFlags.NoFollow, out fd);
        }
        finally
        {
            walk.Dispose();
        }
    }

    /// <summary>Goes into the directory with the name <see cref="Name"/>.</summary>
    public Errno Enter()
    {
        Errno error;
        if (LeadsElsewhere)
            return Errno.ENOENT;
        const OpenFlags flags = OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow;
        if ((error = Sys.OpenAt(Directory, Name, flags, out Fd opened)) != Errno.None)
            return error;
        Dispose();
        _entered = opened;
        TakeName(Offset + _length + 1);
        return Errno.None;
    }

    public readonly void Dispose()
    {
        if (_entered.IsOpen)
            Sys.Close(_entered);
    }

    private void TakeName(int start)
    {
        ReadOnlySpan<byte> rest = _path[start..^1];
        int slash = rest.IndexOf((byte)'/');
        Offset = start;
        _length = slash < 0 ? rest.Length : slash;
        int kept = Math.Min(_length, _name.Length - 1);
        rest[..kept].CopyTo(_name);
        _name[kept] = 0;
    }
}
