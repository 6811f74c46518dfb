using OverlayFuse.Linux;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// One layer of the stack, opened at mount time; owned by <see cref="LayerStack"/>. Where the mounter may, the descriptor is of a
/// private clone of the layer's mount, read-only for lower layers: then not even a mistake of ours can write there, and mounts inside
/// the layer, our own among them, are not met.
/// </summary>
internal sealed class Layer
{
    private const long EROFS_SUPER_MAGIC_V1 = 0xE0F5E1E2;

    /// <summary>ext4, XFS, btrfs, EROFS, tmpfs, squashfs, overlayfs (linux/magic.h).</summary>
    private static readonly long[] s_caseSensitive = [0xEF53, 0x58465342, 0x9123683E, EROFS_SUPER_MAGIC_V1, 0x01021994, 0x73717368, 0x794C7630];

    public required string Path { get; init; }

    /// <summary>Root of the layer, for reading: a directory for *at calls, and what ioctl and open_by_handle_at need.</summary>
    public required SafeFd Root { get; init; }

    /// <summary>File system of the root.</summary>
    public required ulong Dev { get; init; }

    /// <summary>Inode number of the root.</summary>
    public required ulong RootIno { get; init; }

    /// <summary>s_uuid of the file system; all zero when it has none or shows none.</summary>
    public required byte[] Uuid { get; init; }

    /// <summary>A name is there as it is listed, and under no other spelling, but for directories with the attribute casefold.</summary>
    public required bool IsCaseSensitive { get; init; }

    /// <summary>Closing a file waits for nothing but the disk, see <c>FileClosers</c>.</summary>
    public required bool IsLocal { get; init; }

    /// <summary>EROFS says of every file that it is immutable (erofs_getattr); the VFS knows of none.</summary>
    public required bool IsErofs { get; init; }

    /// <summary>A directory with opaque=x was met: empty files with xattr "whiteout" are whiteouts (ovl_layer_set_xwhiteouts).</summary>
    public volatile bool HasXattrWhiteouts;

    /// <summary>The root is a private clone of the mount.</summary>
    public required bool IsClone { get; init; }

    /// <summary>Whether two layers of different file systems would be told apart by <see cref="Uuid"/>.</summary>
    public bool HasUuid => Uuid.AsSpan().ContainsAnyExcept((byte)0);

    /// <summary>Opens a layer's root.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="readOnly">A lower layer.</param>
    /// <param name="clones">Takes what is not needed any longer.</param>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static Layer Open(string path, bool readOnly, MountClones clones)
    {
        Require(path, Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.Path | OpenFlags.Directory, out Fd plain));
        using var owner = new ScopedFd(plain);
        bool isClone = Sys.CloneMount(owner, readOnly, out Fd clone) == Errno.None;
        if (isClone)
            clones.Add(clone);
        return FromDirectory(path, isClone ? clone : owner.Fd, Name.Dot, isClone);
    }

    /// <summary>Opens a layer's root in a directory that is already open.</summary>
    /// <param name="path">For texts.</param>
    /// <param name="directory">Where <paramref name="name"/> is.</param>
    /// <param name="name">The root's path from there.</param>
    /// <param name="isClone">Whether <paramref name="directory"/> is a private clone of the mount.</param>
    public static Layer FromDirectory(string path, Fd directory, Name name, bool isClone)
    {
        Require(path, Sys.OpenAt(directory, name, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd root));
        Require(path, Sys.FStatx(root, out Statx stat));
        bool isKnown = Sys.FStatFs(root, out StatFs about) == Errno.None;
        return new Layer
        {
            Path = path,
            Root = new SafeFd(root),
            Dev = stat.Dev,
            RootIno = stat.Ino,
            Uuid = FileSystemUuid.Of(root), // none: then origins cannot be told, see Origin
            IsCaseSensitive = isKnown && s_caseSensitive.Contains(about.Type),
            IsLocal = isKnown && FileClosers.IsLocal(about.Type),
            IsErofs = isKnown && about.Type == EROFS_SUPER_MAGIC_V1,
            IsClone = isClone,
        };
    }

    private static void Require(string path, Errno error)
    {
        if (error != Errno.None)
            throw new IOException($"{path}: cannot open the layer: {error}; check that the directory is there and may be read");
    }
}
