using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.Changes;

/// <summary>
/// The layers of a stack, read from outside of a mount: each by a private clone of its mount where that is allowed, as the mount itself reads them. For
/// lists that are made once; not for requests.
/// </summary>
internal sealed class ViewLayers : IDisposable
{
    /// <summary>Stands for any data-only layer.</summary>
    public const int DataLayer = int.MaxValue;

    private readonly byte[] _listing = new byte[Limits.ListingBuffer];
    private readonly MountClones _clones = new();
    private readonly List<Layer> _data = [];
    private readonly Ownership _owners;
    private readonly List<Layer> _stack = [];

    /// <exception cref="IOException">One cannot be opened; the text names it.</exception>
    public ViewLayers(OverlayOptions options, bool believesOverrides)
    {
        try
        {
            foreach (string path in options.LowerDirs.Prepend(options.UpperDir!))
                _stack.Add(Layer.Open(path, readOnly: true, _clones));
            foreach (string path in options.DataDirs)
                _data.Add(Layer.Open(path, readOnly: true, _clones));
            _owners = Ownership.ForReading(_stack, believesOverrides);
        }
        catch (IOException)
        {
            Dispose();
            throw;
        }
        HasAufsUpper = options.AufsWhiteouts;
        Xattrs = _owners.PrivateXattrs(options.UserXattr ?? !UserNamespace.IsRootOfFirst());
        Redirects = new Redirect(Xattrs, options.Redirect);
        Metacopies = new Metacopy(Xattrs, options);
    }

    /// <summary>Deletions in the upper may be files ".wh.NAME".</summary>
    public bool HasAufsUpper { get; }

    public OverlayXattr Xattrs { get; }

    public Redirect Redirects { get; }

    public Metacopy Metacopies { get; }

    /// <summary>The upper, then the lower ones, topmost first.</summary>
    public IReadOnlyList<Layer> Stack => _stack;

    public IReadOnlyList<Layer> DataOnly => _data;

    /// <summary>The root of the view, open.</summary>
    /// <param name="first">The topmost layer that counts.</param>
    public ViewDirectory OpenRoot(int first)
    {
        var root = new ViewDirectory();
        for (int layer = first; layer < _stack.Count; layer++)
            root.Add(new ViewPart(layer, null), _stack[layer].Root.Fd, Name.Dot);
        return root;
    }

    /// <summary>Gives what a layer says of a file the owner and mode that are shown.</summary>
    public Errno ApplyOverride(int layer, Fd directory, Name name, ref Statx stat) => _owners.Show((ushort)layer, directory, name, ref stat);

    /// <summary>The names that some part of a directory has, shown or hidden, in the order of their bytes; each with a NUL.</summary>
    /// <param name="directories">The directories.</param>
    /// <param name="inUpperOnly">Of the upper alone.</param>
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
                Take(new DirectoryRecords(_listing.AsSpan(0, length)), part.Layer > 0 || HasAufsUpper, names);
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
            throw new IOException($"{name.ToString()}: a layer cannot be read there ({error}); make it readable for whoever lists the changes");
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

    private static void Take(DirectoryRecords records, bool mayBeMarks, List<byte[]> names)
    {
        while (records.MoveNext())
        {
            if (!mayBeMarks || !AufsWhiteout.IsMark(records.Name))
                names.Add(records.Name.ToArray());
            else if (AufsWhiteout.HiddenName(records.Name) is { IsEmpty: false } hidden)
                names.Add([.. hidden, 0]);
        }
    }
}
