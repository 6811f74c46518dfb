using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Reads a stack of layers from outside of a mount: names by the rules of <see cref="LayerLookup"/>, without inodes, caches and data.
/// For lists that are made once; not for requests.
/// </summary>
/// <param name="roots">The layers' roots, topmost first; borrowed.</param>
/// <param name="overrides">How each of them keeps owners and modes in xattrs.</param>
/// <param name="xattrs">Which private names are used.</param>
/// <param name="hasAufsUpper">Deletions in layer 0 may be files ".wh.NAME".</param>
internal sealed class ViewSearch(IReadOnlyList<Fd> roots, OverrideKind[] overrides, OverlayXattr xattrs, bool hasAufsUpper)
{
    private const int ListingSize = 64 << 10;

    private readonly Redirect _redirects = new(xattrs, RedirectMode.On);

    /// <summary>Looks a name up in a directory; null: it is not shown.</summary>
    /// <param name="parent">The directory.</param>
    /// <param name="name">With a NUL.</param>
    /// <exception cref="IOException">A layer cannot be read.</exception>
    public ViewEntry? Find(ViewEntry parent, byte[] name)
    {
        var state = new State { Name = name };
        try
        {
            foreach (ViewPart part in parent.Parts)
            {
                Look(state, part.Layer, part.Fd, state.Name);
                if (state.Path is not null)
                    FollowPath(state, part.Layer + 1);
                if (state.IsDone)
                    break;
            }
            return state.Found;
        }
        catch (IOException)
        {
            state.Found?.Dispose();
            throw;
        }
    }

    /// <summary>The names that some part of a directory has, shown or hidden; each with a NUL.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="inUpperOnly">Of layer 0 alone.</param>
    public IEnumerable<byte[]> Names(ViewEntry directory, bool inUpperOnly)
    {
        byte[] buffer = new byte[ListingSize];
        foreach (ViewPart part in directory.Parts.Where(part => !inUpperOnly || part.Layer == 0))
        {
            Require(Sys.OpenAt(part.Fd, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd listed), Name.Dot);
            var names = new List<byte[]>();
            using (var owner = new ScopedFd(listed))
            {
                int length;
                do
                {
                    Require(Sys.GetDents(owner, buffer, out length), Name.Dot);
                    Take(new DirectoryRecords(buffer.AsSpan(0, length)), part.Layer > 0 || hasAufsUpper, names);
                }
                while (length > 0);
            }
            foreach (byte[] name in names)
                yield return name;
        }
    }

    /// <exception cref="IOException">There is an error.</exception>
    internal static void Require(Errno error, Name name)
    {
        if (error != Errno.None)
            throw new IOException($"{name.ToString()}: a layer cannot be read there ({error}); make it readable for whoever lists the changes");
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

    /// <summary>A redirect by a path leads through all layers below, not only those that the parent merges.</summary>
    private void FollowPath(State state, int first)
    {
        for (int layer = first; layer < roots.Count && !state.IsDone; layer++)
        {
            byte[] path = state.Path!;
            int end = Array.LastIndexOf(path, (byte)'/');
            byte[] parent = [(byte)'.', .. path.AsSpan(0, end), 0];
            Errno error = Sys.OpenAt(roots[layer], new Name(parent), OpenFlags.Path | OpenFlags.Directory, out Fd opened);
            if (error is Errno.ENOENT or Errno.ENOTDIR)
                continue;
            Require(error, new Name(parent));
            using var directory = new ScopedFd(opened);
            Look(state, layer, directory, path[(end + 1)..]);
        }
        state.IsDone = true;
    }

    /// <summary>One name in one directory of one layer.</summary>
    private void Look(State state, int layer, Fd directory, byte[] storedName)
    {
        var name = new Name(storedName);
        Errno error = Sys.StatxAt(directory, name, out Statx stat);
        if (error is Errno.ENOENT or Errno.ENAMETOOLONG)
        {
            var unknown = Known.NotYet;
            bool hidden = false;
            if (layer > 0 || hasAufsUpper)
                Require(AufsWhiteout.Hides(directory, ref unknown, name, out hidden), name);
            state.IsDone |= hidden;
            return;
        }
        Require(error, name);
        if (Whiteout.Is(xattrs, directory, name, stat) || (state.Found is not null && !stat.IsDirectory))
        {
            state.IsDone = true;
            return;
        }
        Require(StatOverrides.Apply(overrides[layer], directory, name, ref stat, out _), name);
        state.Found ??= new ViewEntry { Stat = stat, Layer = layer, Directory = directory, StoredName = storedName };
        state.IsDone = !stat.IsDirectory;
        if (stat.IsDirectory)
            TakeDirectory(state, layer, directory, name);
    }

    private void TakeDirectory(State state, int layer, Fd directory, Name name)
    {
        state.Found!.Add(layer, directory, name);
        Require(Opaque.IsMarked(xattrs, directory, name, out bool opaque), name);
        bool aufs = false;
        if (layer > 0 || hasAufsUpper)
            Require(Opaque.IsMarkedByAufs(directory, name, out aufs), name);
        state.IsDone = opaque || aufs;
        Require(_redirects.Read(directory, name, out byte[]? redirect), name);
        if (redirect is null || opaque)
            return;
        if (redirect[0] == (byte)'/')
            state.Path = redirect;
        else if (state.Path is { } path)
            state.Path = [.. path.AsSpan(0, Array.LastIndexOf(path, (byte)'/') + 1), .. redirect];
        else
            state.Name = redirect;
    }

    /// <summary>How far a search has come.</summary>
    private sealed class State
    {
        /// <summary>The name in the layers still to come.</summary>
        public required byte[] Name { get; set; }

        /// <summary>The path from their roots, instead.</summary>
        public byte[]? Path { get; set; }

        public ViewEntry? Found { get; set; }

        public bool IsDone { get; set; }
    }
}
