using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// One layer of the stack, opened at mount time. <see cref="LayerStack"/> owns it. If the mounter is allowed to, the descriptor is of a
/// private clone of the layer's mount, read-only for lower layers: then not even a fault of the daemon can write there, and mounts
/// inside the layer are not visible.
/// </summary>
internal sealed class Layer
{
    public required string Path { get; init; }

    /// <summary>Root of the layer, open for reading, as ioctl and open_by_handle_at need it.</summary>
    public required SafeFd Root { get; init; }

    /// <summary>File system of the root.</summary>
    public required ulong Dev { get; init; }

    /// <summary>Inode number of the root.</summary>
    public required ulong RootIno { get; init; }

    /// <summary>The file system of the root.</summary>
    public required LayerFileSystem FileSystem { get; init; }

    /// <inheritdoc cref="LayerFileSystem.Uuid"/>
    public byte[] Uuid => FileSystem.Uuid;

    /// <inheritdoc cref="LayerFileSystem.IsCaseSensitive"/>
    public bool IsCaseSensitive => FileSystem.IsCaseSensitive;

    /// <inheritdoc cref="LayerFileSystem.IsLocal"/>
    public bool IsLocal => FileSystem.IsLocal;

    /// <inheritdoc cref="LayerFileSystem.IsErofs"/>
    public bool IsErofs => FileSystem.IsErofs;

    /// <summary>
    /// The layer has a directory with opaque=x: empty files with xattr "whiteout" are whiteouts (ovl_layer_set_xwhiteouts).
    /// </summary>
    public volatile bool HasXattrWhiteouts;

    /// <summary>The root is a private clone of the mount.</summary>
    public required bool IsClone { get; init; }

    /// <summary>True if <see cref="Uuid"/> tells the layer's file system apart from others.</summary>
    public bool HasUuid => Uuid.AsSpan().ContainsAnyExcept((byte)0);

    /// <summary>Opens a layer's root.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="readOnly">A lower layer.</param>
    /// <param name="clones">Takes the descriptors that are no longer needed.</param>
    /// <param name="other">A layer that may be on the same file system.</param>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static Layer Open(string path, bool readOnly, MountClones clones, Layer? other = null)
    {
        Require(path, Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.Path | OpenFlags.Directory, out Fd plain));
        using var owner = new ScopedFd(plain);
        bool isClone = Sys.CloneMount(owner, readOnly, out Fd clone) == Errno.None;
        if (isClone)
            clones.Add(clone);
        return FromDirectory(path, isClone ? clone : owner.Fd, Name.Dot, isClone, other);
    }

    /// <summary>Opens a layer's root in a directory that is already open.</summary>
    /// <param name="path">The path that messages show.</param>
    /// <param name="directory">The directory that is open.</param>
    /// <param name="name">The root's path from there.</param>
    /// <param name="isClone">The directory is on a private clone of the mount.</param>
    /// <param name="other">A layer that may be on the same file system.</param>
    public static Layer FromDirectory(string path, Fd directory, Name name, bool isClone, Layer? other = null)
    {
        Require(path, Sys.OpenAt(directory, name, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd root));
        Require(path, Sys.FStatx(root, out Statx stat));
        return FromRoot(path, root, stat, isClone, other);
    }

    /// <summary>Makes a layer of its open root.</summary>
    /// <param name="path">The path that messages show.</param>
    /// <param name="root">The root, open for reading. The layer owns it.</param>
    /// <param name="stat">The attributes of the root.</param>
    /// <param name="isClone">The root is on a private clone of the mount.</param>
    /// <param name="other">A layer that may be on the same file system.</param>
    public static Layer FromRoot(string path, Fd root, in Statx stat, bool isClone, Layer? other) => new()
    {
        Path = path,
        Root = new SafeFd(root),
        Dev = stat.Dev,
        RootIno = stat.Ino,
        FileSystem = other?.Dev == stat.Dev ? other.FileSystem : LayerFileSystem.Of(root),
        IsClone = isClone,
    };

    private static void Require(string path, Errno error)
    {
        if (error != Errno.None)
            throw new IOException($"{path}: cannot open the layer: {error}; check that the directory is there and may be read");
    }
}
