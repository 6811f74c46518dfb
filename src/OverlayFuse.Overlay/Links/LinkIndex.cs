using System.Buffers.Text;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Links;

/// <summary>
/// The index (index=on). The copy of a lower file with several links lies in workdir/index, under the hex digits of its origin. Each copied
/// name is a hard link to it, so all names stay one file (overlayfs.rst, "Inode index"). Xattr "nlink" keeps the number of links that the
/// merged view shows, as a difference to that of the upper or of the lower inode (ovl_set_nlink_common). With nfs_export=on the index holds
/// every copied-up file, directories too, and a whiteout for each that was removed later.
/// </summary>
internal sealed partial class LinkIndex : IDisposable
{
    private const string UnknownUuid = "names its layers by the UUID of their file system, which could not be found out: "
        + "the kernel tells it from Linux 6.9 on (of ext4 6.0), "
        + "and before that only an ext4 has it on its device and in udev's data; "
        + "mount as root where the device is in /dev, or leave out index=on";

    private readonly OverlayXattr _xattrs;

    private LinkIndex(Fd directory, OverlayXattr xattrs, bool isComplete)
    {
        Directory = new SafeFd(directory);
        IsComplete = isComplete;
        _xattrs = xattrs;
    }

    /// <summary>nfs_export=on: the index holds more than files with several links (ovl_index_all).</summary>
    public bool IsComplete { get; }

    /// <summary>workdir/index.</summary>
    public SafeFd Directory { get; }

    private Fd Fd => Directory.Fd;

    private static Name DirectoryName => new("index\0"u8);

    /// <summary>Opens the index of a mount, and removes entries whose files are gone.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="xattrs">Which private names are used.</param>
    /// <param name="isComplete">See <see cref="IsComplete"/>.</param>
    /// <exception cref="IOException">The upper belongs to other lower layers, or the index to another upper.</exception>
    public static LinkIndex Open(LayerStack layers, OverlayXattr xattrs, bool isComplete)
    {
        Layer work = layers.Work!;
        Layer upper = layers.Upper!;
        // It may be there already; after another error, opening fails too.
        _ = Sys.MkDirAt(work.Root.Fd, DirectoryName, Permissions.OwnerAll);
        const OpenFlags flags = OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow;
        Errno error = Sys.OpenAt(work.Root.Fd, DirectoryName, flags, out Fd opened);
        if (error != Errno.None)
            throw new IOException($"workdir={work.Path}: cannot make its directory 'index' ready: {error}; "
                + "leave out index=on, or name another workdir");
        var index = new LinkIndex(opened, xattrs, isComplete);
        Require(upper.Root.Fd, xattrs.Origin, Handle(layers.Lowers[0], layers.Lowers[0].Root.Fd, isUpper: false),
            $"upperdir={upper.Path}: was used with another lower layer than {layers.Lowers[0].Path}; "
            + "leave out index=on, or start with a new upperdir");
        Require(opened, xattrs.Upper, Handle(upper, upper.Root.Fd, isUpper: true),
            $"workdir={work.Path}: its index belongs to another upperdir than {upper.Path}; "
            + "leave out index=on, or start with a new workdir");
        index.RemoveOrphans(layers);
        return index;
    }

    /// <summary>The name that the copy of a lower file has, or would have, in the index.</summary>
    /// <param name="layer">The file's layer.</param>
    /// <param name="directory">The directory that holds the file.</param>
    /// <param name="name">Its name there.</param>
    /// <returns>The name with a NUL behind it; null if the file system gives no handles.</returns>
    public static byte[]? NameOf(Layer layer, Fd directory, Name name)
    {
        Span<byte> origin = stackalloc byte[Origin.MaxSize];
        int length = Origin.Encode(layer, directory, name, origin);
        return length == 0 ? null : ToName(origin[..length]);
    }

    /// <summary>Finds the copy of a lower file.</summary>
    /// <param name="index">Its name in the index.</param>
    /// <param name="lowerLinks">How many links the lower file has.</param>
    /// <param name="stat">The copy.</param>
    /// <param name="delta">The merged view's number of links minus the copy's.</param>
    /// <returns>ENOENT if the file was not copied up.</returns>
    public Errno Find(Name index, uint lowerLinks, out Statx stat, out int delta)
    {
        delta = 0;
        Errno error;
        if ((error = Sys.StatxAt(Fd, index, out stat)) != Errno.None)
            return error;
        return stat.IsWhiteout || stat.IsDirectory ? Errno.ENOENT : ReadDelta(index, stat.Nlink, lowerLinks, out delta);
    }

    /// <summary>Finds the entry that an upper file is a link of.</summary>
    /// <param name="directory">The directory that holds the file.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="stat">Its attributes.</param>
    /// <param name="index">The entry's name; null if the file has no entry.</param>
    /// <param name="delta">As of <see cref="Find"/>.</param>
    public Errno FindUpper(Fd directory, Name name, in Statx stat, out byte[]? index, out int delta)
    {
        index = null;
        delta = 0;
        Span<byte> origin = stackalloc byte[Origin.MaxSize];
        Errno error = Sys.GetXattrAt(directory, name, _xattrs.Origin, origin, out int length);
        if (error is Errno.ENODATA or Errno.EOPNOTSUPP or Errno.ERANGE || (error == Errno.None && length == 0))
            return Errno.None;
        if (error != Errno.None)
            return error;
        byte[] named = ToName(origin[..length]);
        error = Find(new Name(named), stat.Nlink, out Statx indexed, out delta);
        if (error == Errno.None && indexed.Ino == stat.Ino)
            index = named;
        return error == Errno.ENOENT ? Errno.None : error;
    }

    /// <summary>Gives the copy one more name in the upper layer. The merged view has that name already, from the lower file.</summary>
    /// <param name="entry">The entry. The caller holds its lock.</param>
    /// <param name="upper">The upper directory.</param>
    /// <param name="name">The name.</param>
    public Errno LinkTo(IndexEntry entry, Fd upper, Name name)
    {
        Errno error;
        if ((error = Sys.LinkAt(Fd, entry.Name, upper, name)) != Errno.None)
            return error;
        entry.Delta--;
        // The difference stays right as long as both numbers change alike.
        return Write(Fd, entry.Name, 'U', entry.Delta);
    }

    /// <summary>Removes an entry whose file has no name left in the merged view (ovl_cleanup_index).</summary>
    public void RemoveIfUnused(IndexEntry entry, WorkDirectory work, Whiteout whiteouts)
    {
        if (Sys.StatxAt(Fd, entry.Name, out Statx stat) != Errno.None || (!stat.IsDirectory && (int)stat.Nlink + entry.Delta > 0))
            return;
        if (IsComplete)
            Cover(Fd, entry.Name, work, whiteouts);
        else
            // The next mount removes an entry that stays.
            _ = Sys.UnlinkAt(Fd, entry.Name);
    }

    /// <summary>Notes that the merged view shows the lower file's number of links.</summary>
    public Errno WriteAsLower(Fd directory, Name name) => Write(directory, name, 'L', 0);

    public void Dispose() => Directory.Release();

    private Errno Write(Fd directory, Name name, char relativeTo, int delta)
    {
        Span<byte> value = stackalloc byte[16];
        value[0] = (byte)relativeTo;
        value[1] = (byte)(delta < 0 ? '-' : '+');
        // It fits.
        _ = Utf8Formatter.TryFormat(Math.Abs(delta), value[2..], out int digits);
        return Sys.SetXattrAt(directory, name, _xattrs.Nlink, value[..(2 + digits)]);
    }

    private Errno ReadDelta(Name index, uint upperLinks, uint lowerLinks, out int delta)
    {
        delta = 0;
        Span<byte> value = stackalloc byte[16];
        Errno error = Sys.GetXattrAt(Fd, index, _xattrs.Nlink, value, out int length);
        // Without the xattr, the upper inode's own number counts (ovl_get_nlink).
        if (error is Errno.ENODATA or Errno.ERANGE)
            return Errno.None;
        bool isValid = error == Errno.None && length > 2 && value[0] is (byte)'U' or (byte)'L' && value[1] is (byte)'+' or (byte)'-'
            && Utf8Parser.TryParse(value[1..length], out delta, out int used) && used == length - 1;
        if (!isValid)
            delta = 0;
        else if (value[0] == (byte)'L')
            delta += (int)lowerLinks - (int)upperLinks;
        return error;
    }

    private static byte[] Handle(Layer layer, Fd directory, bool isUpper)
    {
        Span<byte> handle = stackalloc byte[Origin.MaxSize];
        int length = Origin.Encode(layer, directory, Name.Empty, handle);
        if (isUpper && length > 0)
            Origin.MarkUpper(handle);
        return handle[..length].ToArray();
    }

    private static void Require(Fd of, Name xattr, byte[] expected, string text)
    {
        Span<byte> found = stackalloc byte[Origin.MaxSize];
        if (expected.Length == 0)
            return;
        Errno error = Sys.GetXattrAt(of, Name.Empty, xattr, found, out int foundLength);
        if (error == Errno.ENODATA)
            error = Sys.SetXattrAt(of, Name.Empty, xattr, expected);
        else if (error == Errno.None && Origin.LacksUuid(expected, found[..foundLength]))
            throw new IOException($"{text[..text.IndexOf(':', StringComparison.Ordinal)]}: {UnknownUuid}");
        else if (error == Errno.None && !found[..foundLength].SequenceEqual(expected))
            error = Errno.ESTALE;
        if (error != Errno.None)
            throw new IOException($"{text} ({error})");
    }

    private static byte[] ToName(ReadOnlySpan<byte> origin)
    {
        byte[] name = new byte[2 * origin.Length + 1];
        for (int i = 0; i < origin.Length; i++)
            // It fits.
            _ = Utf8Formatter.TryFormat(origin[i], name.AsSpan(2 * i), out _, new System.Buffers.StandardFormat('x', 2));
        return name;
    }
}
