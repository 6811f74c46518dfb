using OverlayFuse.Linux;
using OverlayFuse.Overlay.Changes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.Seeing;

/// <summary>Reads the entry that a layer holds at a path, shown or hidden. No symbolic link is followed.</summary>
/// <param name="layers">The layers.</param>
internal sealed class EntryReader(ViewLayers layers)
{
    private readonly byte[] _names = new byte[Limits.XattrSizeMax];
    private readonly byte[] _value = new byte[Limits.XattrSizeMax];

    /// <summary>Reads the entry.</summary>
    /// <param name="number">The layer; behind the last lower one come the data-only ones.</param>
    /// <param name="place">A path with a slash before each name; empty for the root.</param>
    public LayerEntryExplanation Read(int number, byte[] place)
    {
        var nothing = new LayerEntryExplanation { Layer = number, Place = LayerState.TextOf(place), Form = EntryForm.Nothing };
        Errno error = OpenParent(number, place, out Fd opened, out byte[] stored);
        if (error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
            return nothing;
        if (error != Errno.None)
            return nothing with { Form = EntryForm.Unreadable };
        using var parent = new ScopedFd(opened);
        ushort layer = number == 0 ? Limits.NoLayer : (ushort)Math.Min(number - 1, layers.Lowest);
        return Read(new LayerEntry(parent, new Name(stored), layer), nothing);
    }

    /// <summary>Opens the file at a path for reading.</summary>
    /// <returns>EINVAL if it is not a regular file.</returns>
    public Errno Open(int number, byte[] place, out Fd file)
    {
        Errno error;
        file = Fd.None;
        if ((error = OpenParent(number, place, out Fd opened, out byte[] stored)) != Errno.None)
            return error;
        using var parent = new ScopedFd(opened);
        var name = new Name(stored);
        if ((error = Sys.StatxAt(parent, name, out Statx stat)) != Errno.None)
            return error;
        return stat.Type == FileType.Regular ? Sys.OpenUnnoticedAt(parent, name, OpenFlags.ReadOnly | OpenFlags.NoFollow, out file)
            : Errno.EINVAL;
    }

    private LayerEntryExplanation Read(scoped LayerEntry file, LayerEntryExplanation nothing)
    {
        Errno error = layers.Reader.Look(file, out Statx stat, out LayerSight sight);
        Known marks = Known.NotYet;
        bool hides = false;
        if (error == Errno.None && file.Name.Bytes is not [(byte)'.'])
            error = layers.Reader.Hides(file, ref marks, out hides);
        if (error != Errno.None && sight != LayerSight.NestedView)
            return nothing with { Form = EntryForm.Unreadable };
        EntryXattr[] xattrs = sight == LayerSight.Nothing ? [] : Xattrs(file);
        return nothing with
        {
            Form = sight switch
            {
                LayerSight.Nothing => EntryForm.Nothing,
                LayerSight.Whiteout => stat.IsWhiteout ? EntryForm.WhiteoutDevice : EntryForm.WhiteoutFile,
                _ => EntryForm.File,
            },
            Stat = stat,
            Target = sight == LayerSight.File && stat.Type == FileType.SymLink ? Target(file) : null,
            HasAufsMark = hides,
            Xattrs = xattrs,
            Origin = OriginOf(xattrs),
        };
    }

    /// <summary>Opens the directory that holds the entry.</summary>
    private Errno OpenParent(int number, byte[] place, out Fd parent, out byte[] name)
    {
        Layer layer = number < layers.Stack.Count ? layers.Stack[number] : layers.DataOnly[number - layers.Stack.Count];
        int slash = place.AsSpan().LastIndexOf((byte)'/');
        name = slash < 0 ? Name.Dot.ToArray() : [.. place.AsSpan(slash + 1), 0];
        return slash <= 0
            ? Sys.OpenAt(layer.Root.Fd, Name.Dot, ViewDirectory.Flags, out parent)
            : LayerWalk.Open(layer.Root.Fd, [.. place.AsSpan(0, slash), 0], ViewDirectory.Flags, out parent);
    }

    private static string? Target(scoped LayerEntry link)
    {
        byte[] target = new byte[4096];
        return Sys.ReadLinkAt(link.Directory, link.Name, target, out int length) == Errno.None
            ? NativeText.From(target.AsSpan(0, length)) : null;
    }

    /// <summary>What cannot be read is left out: the entry is explained nevertheless.</summary>
    private EntryXattr[] Xattrs(scoped LayerEntry file)
    {
        if (Sys.ListXattrAt(file.Directory, file.Name, _names, out int length) != Errno.None)
            return [];
        var all = new List<EntryXattr>();
        ReadOnlySpan<byte> rest = _names.AsSpan(0, length);
        while (Name.TryTake(rest, out Name xattr))
        {
            rest = rest[(xattr.Length + 1)..];
            if (Sys.GetXattrAt(file.Directory, file.Name, xattr, _value, out int size) == Errno.None)
                all.Add(new EntryXattr(xattr.ToString(), _value[..size], layers.Xattrs.IsPrivate(xattr)));
        }
        return [.. all.OrderBy(xattr => xattr.Name, StringComparer.Ordinal)];
    }

    private OriginAnswer? OriginOf(EntryXattr[] xattrs)
    {
        byte[]? handle = Array.Find(xattrs, xattr => xattr.Name == layers.Xattrs.Origin.ToString())?.Value;
        if (handle is null)
            return null;
        for (int number = 1; number < layers.Stack.Count; number++)
        {
            if (Origin.TryFind(layers.Stack[number], handle, out ulong ino))
                return new OriginAnswer(null, ino);
        }
        return new OriginAnswer(null, null);
    }
}
