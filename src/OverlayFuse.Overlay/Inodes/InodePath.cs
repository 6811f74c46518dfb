using OverlayFuse.Linux;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>The paths of inodes in lower layers: the names of their places, unless a redirect names another path.</summary>
internal static class InodePath
{
    /// <summary>Room for most paths in a layer, in bytes. A longer path takes more.</summary>
    private const int UsualRoom = 512;

    /// <summary>redirect_max: no longer redirect is made, and mv(1) then copies in place of a rename.</summary>
    private const int LongestRedirect = 256;

    /// <summary>The path from the root of a layer to a name in a directory. A path is returned as it is.</summary>
    /// <param name="parent">The directory, which the layer has.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="name">A name, or a path with a leading '/'.</param>
    /// <returns>The path with a leading '/' and a NUL behind it.</returns>
    public static byte[] InLayer(Inode parent, ushort layer, Name name)
    {
        if (name.StartsWith("/"u8))
            return name.ToArray();
        byte[] path = new byte[UsualRoom];
        int start = path.Length;
        Put(name.WithNul, ref path, ref start);
        while (path[start] != (byte)'/')
        {
            Put("/"u8, ref path, ref start);
            // The place is read before the location, because a rename sets the location first.
            Place place = parent.Place!;
            if (ReferenceEquals(place.Parent, parent))
                break;
            LowerParts parts = parent.Directory!.Parts;
            byte[]? location = parts.Locations?[Array.IndexOf(parts.Layers, layer)];
            Put(location is null ? place.Name.Bytes : new Name(location).Bytes, ref path, ref start);
            parent = place.Parent;
        }
        return path[start..];
    }

    /// <summary>Puts a part in front of a path that is written from its end. Doubles the room if needed.</summary>
    private static void Put(ReadOnlySpan<byte> part, ref byte[] path, ref int start)
    {
        if (part.Length > start)
        {
            byte[] larger = new byte[2 * path.Length + part.Length];
            path.AsSpan(start).CopyTo(larger.AsSpan(larger.Length - (path.Length - start)));
            start += larger.Length - path.Length;
            path = larger;
        }
        start -= part.Length;
        part.CopyTo(path.AsSpan(start));
    }

    /// <summary>
    /// Sets the redirect of an upper inode before a rename, unless its present one still holds. Under the locks of both names.
    /// </summary>
    /// <param name="moved">A directory with lower parts, or a metacopy.</param>
    /// <param name="redirects">Writes the mark.</param>
    /// <param name="upper">The directory of the inode.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="absolute">The new name lies in another directory, or the file has names in other directories.</param>
    /// <returns>EXDEV, as in the kernel, if the redirect is too long or cannot be written.</returns>
    public static Errno SetRedirect(Inode moved, Redirect redirects, Fd upper, Name name, bool absolute)
    {
        if (moved.Redirect is { } known && (!absolute || known[0] == (byte)'/'))
            return Errno.None;
        if (Make(moved, name, absolute) is not { } made || redirects.Write(upper, name, made) != Errno.None)
            return Errno.EXDEV;
        moved.Redirect = made;
        return Errno.None;
    }

    /// <summary>
    /// The path of an inode in the lower layers. The walk goes up to the first inode with an absolute redirect, or to the root.
    /// </summary>
    /// <returns>The path with a NUL behind it; null if it is too long.</returns>
    private static byte[]? Make(Inode moved, Name name, bool absolute)
    {
        if (!absolute)
            return name.ToArray();
        Span<byte> path = stackalloc byte[LongestRedirect + 1];
        int start = LongestRedirect;
        path[start] = 0;
        for (Inode inode = moved; inode.Place!.Parent is { } parent && !ReferenceEquals(inode, parent); inode = parent)
        {
            ReadOnlySpan<byte> part = inode.Redirect is { } redirect ? redirect.AsSpan(0, redirect.Length - 1) : inode.Place.Name.Bytes;
            bool isAbsolute = part[0] == (byte)'/';
            if (part.Length + (isAbsolute ? 0 : 1) > start)
                return null;
            start -= part.Length;
            part.CopyTo(path[start..]);
            if (isAbsolute)
                break;
            path[--start] = (byte)'/';
        }
        return path[start..].ToArray();
    }
}
