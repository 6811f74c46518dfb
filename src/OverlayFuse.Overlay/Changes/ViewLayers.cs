using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.Changes;

/// <summary>
/// The layers of a stack, read from outside of a mount. Where that is allowed, each is read by a private clone of its mount, as the
/// mount itself reads it. For lists that are made once, not for requests.
/// </summary>
internal sealed class ViewLayers : IDisposable
{
    /// <summary>Stands for any data-only layer.</summary>
    public const int DataLayer = int.MaxValue;

    private readonly byte[] _listing = new byte[Limits.ListingBuffer];
    private readonly MountClones _clones = new();
    private readonly List<Layer> _data = [];
    private readonly List<Layer> _stack = [];

    /// <exception cref="IOException">A layer cannot be opened. The text names it.</exception>
    public ViewLayers(OverlayOptions options, bool believesOverrides, bool ignoresLowerAufs = false)
    {
        HasUpper = options.UpperDir is not null;
        try
        {
            foreach (string path in options.LowerDirs.Prepend(options.UpperDir ?? options.LowerDirs[0]))
                _stack.Add(Layer.Open(path, readOnly: true, _clones));
            foreach (string path in options.DataDirs)
                _data.Add(Layer.Open(path, readOnly: true, _clones));
        }
        catch (IOException)
        {
            Dispose();
            throw;
        }
        var owners = Ownership.ForReading(_stack, believesOverrides);
        Xattrs = owners.PrivateXattrs(options.UserXattr ?? !UserNamespace.IsRootOfFirst());
        var kernelForm = new KernelUpper(Xattrs, null, null);
        Reader = new LayerReader
        {
            Xattrs = Xattrs,
            Redirect = new Redirect(Xattrs, options.Redirect),
            Metacopy = new Metacopy(Xattrs, options),
            UpperForm = options.AufsWhiteouts ? new AufsUpper(kernelForm, null) : kernelForm,
            Owners = owners,
            HasDataLayers = _data.Count > 0,
            IgnoresLowerAufs = ignoresLowerAufs,
        };
    }

    /// <summary>False for a stack without an upper. The first of <see cref="Stack"/> has no meaning then.</summary>
    public bool HasUpper { get; }

    public OverlayXattr Xattrs { get; }

    /// <summary>Says what one layer shows under a name.</summary>
    public LayerReader Reader { get; }

    /// <summary>The number of the lowest layer, as in <see cref="LayerEntry.Layer"/>.</summary>
    public ushort Lowest => (ushort)(_stack.Count - 2);

    /// <summary>The upper, then the lower ones, topmost first.</summary>
    public IReadOnlyList<Layer> Stack => _stack;

    public IReadOnlyList<Layer> DataOnly => _data;

    /// <summary>Opens the root of the view.</summary>
    /// <param name="first">The topmost layer that counts.</param>
    public ViewDirectory OpenRoot(int first)
    {
        var root = new ViewDirectory();
        for (int layer = HasUpper ? first : Math.Max(first, 1); layer < _stack.Count; layer++)
            Require(root.Add(new ViewPart(layer, null), _stack[layer].Root.Fd, Name.Dot), Name.Dot);
        return root;
    }

    /// <summary>Lists the names of all parts of directories, shown or hidden, in the order of their bytes, each with a NUL.</summary>
    /// <param name="directories">The directories.</param>
    /// <param name="inUpperOnly">Only the parts in the upper are listed.</param>
    public List<byte[]> Names(IEnumerable<ViewDirectory> directories, bool inUpperOnly)
    {
        var names = new List<byte[]>();
        foreach (ViewPart part in directories.SelectMany(directory => directory.Parts).Where(part => !inUpperOnly || part.Layer == 0))
        {
            Require(Sys.OpenAt(part.Fd, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened), Name.Dot);
            using var listed = new ScopedFd(opened);
            int length;
            do
            {
                Require(Sys.GetDents(listed, _listing, out length), Name.Dot);
                Take(new DirectoryRecords(_listing.AsSpan(0, length)), part.LayerNumber, names);
            }
            while (length > 0);
        }
        return Sorted(names);
    }

    public void Dispose()
    {
        _clones.Dispose();
        foreach (Layer layer in _stack.Concat(_data))
            layer.Root.Release();
    }

    /// <exception cref="IOException">There is an error.</exception>
    public static void Require(Errno error, Name name)
    {
        if (error != Errno.None)
        {
            throw new IOException(
                $"{name.ToString()}: a layer cannot be read there ({error}); make it readable for the user that runs this");
        }
    }

    private static List<byte[]> Sorted(List<byte[]> names)
    {
        names.Sort(static (one, other) => one.AsSpan().SequenceCompareTo(other));
        int kept = 0;
        for (int i = 0; i < names.Count; i++)
        {
            if (kept == 0 || !names[i].AsSpan().SequenceEqual(names[kept - 1]))
                names[kept++] = names[i];
        }
        names.RemoveRange(kept, names.Count - kept);
        return names;
    }

    private void Take(DirectoryRecords records, ushort layer, List<byte[]> names)
    {
        while (records.MoveNext())
        {
            if (!Reader.IsMark(layer, records.Name))
                names.Add(records.Name.ToArray());
            else if (AufsWhiteout.HiddenName(records.Name) is { IsEmpty: false } hidden)
                names.Add([.. hidden, 0]);
        }
    }
}
