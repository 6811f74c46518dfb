using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>One difference between a merged view and its lower layers alone.</summary>
/// <param name="Kind">'A' added, 'M' modified (content, attributes or type), 'D' deleted.</param>
/// <param name="Path">From the root of the view, without NUL.</param>
public readonly record struct ViewChange(char Kind, byte[] Path);

/// <summary>
/// What an upper makes of the lower layers, as users see it: by comparing what is shown with and without it. The mount must be gone. A
/// deleted directory is one change; copies that are like what they were copied from are none.
/// </summary>
public sealed class ViewChanges
{
    private readonly ViewSearch _search;
    private readonly ViewComparison _comparison;
    private readonly List<ViewChange> _changes = [];

    private ViewChanges(IReadOnlyList<Fd> roots, OverlayOptions options, bool believesOverrides)
    {
        OverrideKind[] kinds = [.. roots.Select(root => StatOverrides.KindOf(root, believesOverrides))];
        var xattrs = new OverlayXattr(options.UserXattr ?? !MarkChecks.IsRootOfFirstNamespace()) { HidesOverrides = kinds.Any(kind => kind != OverrideKind.None) };
        _search = new ViewSearch(roots, kinds, xattrs, options.AufsWhiteouts);
        _comparison = new ViewComparison(xattrs);
    }

    /// <summary>All changes, in the order of their paths' bytes.</summary>
    /// <param name="options">The layers.</param>
    /// <param name="believesOverrides">Whether owners and modes in user.containers.override_stat count, where a layer's root has one.</param>
    /// <exception cref="IOException">A layer cannot be read.</exception>
    public static IReadOnlyList<ViewChange> List(OverlayOptions options, bool believesOverrides)
    {
        var roots = new List<Fd>();
        try
        {
            foreach (string path in options.LowerDirs.Prepend(options.UpperDir!))
            {
                ViewSearch.Require(Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.ReadOnly | OpenFlags.Directory, out Fd root), Name.From(path));
                roots.Add(root);
            }
            var changes = new ViewChanges(roots, options, believesOverrides);
            using ViewEntry before = ViewEntry.Root(roots, 1);
            using ViewEntry after = ViewEntry.Root(roots, 0);
            changes.Compare([], before, after);
            changes._changes.Sort((one, other) => one.Path.AsSpan().SequenceCompareTo(other.Path));
            return changes._changes;
        }
        finally
        {
            roots.ForEach(Sys.Close);
        }
    }

    /// <summary>Two directories; null: there is none.</summary>
    private void Compare(byte[] path, ViewEntry? before, ViewEntry after)
    {
        bool onlyUpperDiffers = before is not null && before.HasSameLowers(after);
        IEnumerable<byte[]> names = _search.Names(after, onlyUpperDiffers);
        if (before is not null && !onlyUpperDiffers)
            names = names.Concat(_search.Names(before, inUpperOnly: false));
        var seen = new HashSet<string>();
        foreach (byte[] name in names)
        {
            if (seen.Add(Convert.ToHexString(name)))
                CompareName([.. path, .. path.Length == 0 ? ""u8 : "/"u8, .. name.AsSpan(0, name.Length - 1)], name, before, after);
        }
    }

    private void CompareName(byte[] path, byte[] name, ViewEntry? parentBefore, ViewEntry parentAfter)
    {
        using ViewEntry? before = parentBefore is null ? null : _search.Find(parentBefore, name);
        using ViewEntry? after = _search.Find(parentAfter, name);
        char? kind = (before, after) switch
        {
            (null, null) => null,
            (null, _) => 'A',
            (_, null) => 'D',
            _ => _comparison.Differ(before, after) ? 'M' : null,
        };
        if (kind is { } known)
            _changes.Add(new ViewChange(known, path));
        if (after is null || !after.Stat.IsDirectory)
            return;
        ViewEntry? directory = before is { Stat.IsDirectory: true } ? before : null;
        bool mayDiffer = directory is null || after.Layer == 0 || !directory.HasSameLowers(after);
        if (mayDiffer)
            Compare(path, directory, after);
    }
}
