using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>How a tree is looked at.</summary>
internal enum TreeView
{
    /// <summary>Through the mount: as a user sees it, with d_ino == st_ino.</summary>
    Merged,

    /// <summary>As <see cref="Merged"/>, less what the kernel's readdir is known to get wrong (see KnownDifferences).</summary>
    MergedByKernel,

    /// <summary>
    /// A layer on its disk: with private xattrs; values that name file handles or file systems are compared by their length.
    /// </summary>
    OnDisk,

    /// <summary>A layer that must not change at all: exact values, change times and inode numbers too.</summary>
    Untouched,
}

/// <summary>A complete, comparable picture of a tree.</summary>
internal sealed class TreeSnapshot
{
    private readonly SortedDictionary<string, TreeEntry> entries = new(StringComparer.Ordinal);
    private readonly Dictionary<(ulong Device, ulong Ino), string> firstNames = [];
    private readonly TreeView view;

    private TreeSnapshot(TreeView view) => this.view = view;

    public IReadOnlyDictionary<string, TreeEntry> Entries => entries;

    /// <summary>The entry at <paramref name="path"/> ("" is the root).</summary>
    public TreeEntry this[string path] => entries.TryGetValue(path, out TreeEntry? entry)
        ? entry
        : throw new KeyNotFoundException($"no {path} among: {string.Join(", ", entries.Keys.Select(Values.Printable))}");

    public bool Has(string path) => entries.ContainsKey(path);

    public static TreeSnapshot Take(string root, TreeView view)
    {
        var snapshot = new TreeSnapshot(view);
        snapshot.entries[""] = TreeEntry.Read(root, view);
        snapshot.Walk(root, "");
        return snapshot;
    }

    /// <summary>One line for each difference; none when the trees are equal.</summary>
    public List<string> Differences(TreeSnapshot other, string thisName, string otherName)
    {
        var lines = new List<string>();
        foreach (string path in entries.Keys.Union(other.entries.Keys).Order(StringComparer.Ordinal))
        {
            string shown = path.Length == 0 ? "(root)" : Values.Printable(path);
            if (!other.entries.TryGetValue(path, out TreeEntry? theirs)) lines.Add($"{shown}: only on {thisName}: {entries[path]}");
            else if (!entries.TryGetValue(path, out TreeEntry? mine)) lines.Add($"{shown}: only on {otherName}: {theirs}");
            else lines.AddRange(mine.Differences(theirs, thisName, otherName).Select(line => $"{shown}: {line}"));
        }
        return lines;
    }

    /// <summary>Says a fact of all entries in other words.</summary>
    public void Rewrite(string fact, Func<string, string> change)
    {
        foreach (TreeEntry entry in entries.Values)
            if (entry[fact].Length > 0) entry[fact] = change(entry[fact]);
    }

    private void Walk(string root, string directory)
    {
        foreach (Dirent dirent in DirectoryReader.Read(directory.Length == 0 ? root : root + "/" + directory))
        {
            string path = directory.Length == 0 ? dirent.d_name : directory + "/" + dirent.d_name;
            TreeEntry entry = TreeEntry.Read(root + "/" + path, view);
            if (entry.IsRefused || (view == TreeView.MergedByKernel && entry.IsGhost)) continue;
            entries[path] = entry;
            if (view != TreeView.Untouched) NoteHardLink(path, entry);
            if (view == TreeView.Merged) entry.CompareWith(dirent);
            if (entry.IsDirectory) Walk(root, path);
        }
    }

    private void NoteHardLink(string path, TreeEntry entry)
    {
        if (!entry.IsDirectory && !firstNames.TryAdd(entry.Identity, path))
            entry["same inode as"] = Values.Printable(firstNames[entry.Identity]);
    }
}
