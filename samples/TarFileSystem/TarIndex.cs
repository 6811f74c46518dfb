using System.Formats.Tar;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace TarFileSystem;

/// <summary>The tree that an archive describes. The data stay in the archive.</summary>
internal sealed class TarIndex
{
    private readonly List<TarNode> _nodes = [];
    private readonly Action<string> _complain;

    private TarIndex(Action<string> complain)
    {
        _complain = complain;
        Root = MakeDirectory(parent: null);
    }

    internal TarNode Root { get; }

    internal int Count => _nodes.Count;

    /// <summary>The number of an inode is its place in the list: the root is 1.</summary>
    internal TarNode? Find(NodeId id) => id.Value - 1 < (ulong)_nodes.Count ? _nodes[(int)id.Value - 1] : null;

    /// <summary>Reads all headers.</summary>
    /// <param name="archive">The archive, which can seek.</param>
    /// <param name="complain">Gets a line for each entry that is left out.</param>
    internal static TarIndex Read(FileStream archive, Action<string> complain)
    {
        var index = new TarIndex(complain);
        using var reader = new TarReader(archive, leaveOpen: true);
        while (reader.GetNextEntry() is { } entry)
            if (entry.EntryType != TarEntryType.GlobalExtendedAttributes)
                index.Add(entry, SparseMap.Of(entry, archive.SafeFileHandle));
        return index;
    }

    private void Add(TarEntry entry, SparseMap? sparse)
    {
        string name = sparse?.Name ?? entry.Name;
        string[] words = [.. name.Split('/').Where(word => word is not ("" or "."))];
        if (words.Contains(".."))
            Omit(name, "has \"..\" in its name");
        else if (words.Length == 0)
            Describe(Root, entry, FileType.Directory);
        else if (FindParent(words) is not { } directory)
            Omit(name, "lies below a name that is no directory");
        else
            Place(entry, sparse, directory, words[^1]);
    }

    private void Omit(string name, string reason) => _complain($"{name}: is left out: it {reason}");

    private TarNode? FindParent(string[] words)
    {
        TarNode? directory = Root;
        foreach (string word in words.SkipLast(1))
        {
            if (!directory.Names.TryGetValue(word, out TarNode? next))
                // An archive need not name the directories above a file.
                next = Link(directory, word, MakeDirectory(directory));
            if (!next.IsDirectory)
                return null;
            directory = next;
        }
        return directory;
    }

    private void Place(TarEntry entry, SparseMap? sparse, TarNode directory, string name)
    {
        _ = directory.Names.TryGetValue(name, out TarNode? old);
        FileType type = TypeOf(entry);
        if (entry.EntryType == TarEntryType.HardLink)
        {
            if (FindFile(entry.LinkName) is { } file)
                _ = Link(directory, name, file);
            else
                Omit(entry.Name, $"is a hard link to {entry.LinkName}, which is not in the archive before it");
        }
        else if (type == 0)
            Omit(entry.Name, $"has the type {entry.EntryType}");
        else if (old is { IsDirectory: true } && type == FileType.Directory)
            Describe(old, entry, type);
        else
        {
            TarNode node = type == FileType.Directory ? MakeDirectory(directory) : Make(directory);
            Describe(node, entry, type);
            if (type == FileType.Regular)
                SetData(node, entry, sparse);
            // The last one of two entries with one name counts.
            _ = Link(directory, name, node);
        }
    }

    private TarNode? FindFile(string path)
    {
        TarNode? node = Root;
        foreach (string word in path.Split('/').Where(word => word is not ("" or ".")))
            node = node?.Names.GetValueOrDefault(word);
        return node is { IsDirectory: false } ? node : null;
    }

    private static TarNode Link(TarNode directory, string name, TarNode node)
    {
        if (directory.Names.GetValueOrDefault(name) is { } old)
            old.Attr.Nlink--;
        directory.Names[name] = node;
        if (node.IsDirectory)
            directory.Attr.Nlink++;
        else
            node.Attr.Nlink++;
        return node;
    }

    private TarNode Make(TarNode? parent)
    {
        var node = new TarNode { Parent = parent };
        _nodes.Add(node);
        node.Attr.Ino = (ulong)_nodes.Count;
        return node;
    }

    private TarNode MakeDirectory(TarNode? parent)
    {
        TarNode directory = Make(parent);
        // rwxr-xr-x
        directory.Attr.Mode = (uint)FileType.Directory | 0x1ED;
        directory.Attr.Nlink = 2;
        return directory;
    }

    private static void Describe(TarNode node, TarEntry entry, FileType type)
    {
        node.Attr.Mode = (uint)type | (uint)entry.Mode;
        (node.Attr.Uid, node.Attr.Gid) = ((uint)entry.Uid, (uint)entry.Gid);
        node.Attr.Modified = node.Attr.Changed = node.Attr.Accessed = PaxRecords.TimeOf(entry);
        node.Xattrs = PaxRecords.XattrsOf(entry);
        if (type == FileType.SymLink)
            node.Target = NativeText.ToBytes(entry.LinkName);
        node.Attr.Size = (ulong)node.Target.Length;
        if (entry is PosixTarEntry { EntryType: TarEntryType.BlockDevice or TarEntryType.CharacterDevice } device)
            // new_encode_dev
            node.Attr.Rdev = (uint)((device.DeviceMinor & 0xFF) | (device.DeviceMajor << 8) | ((device.DeviceMinor & ~0xFF) << 12));
    }

    private static void SetData(TarNode node, TarEntry entry, SparseMap? sparse)
    {
        node.Attr.Size = (ulong)(sparse?.Size ?? entry.Length);
        node.Extents = sparse?.Extents ?? [new Extent(0, entry.Length, entry.DataOffset)];
        node.Attr.Blocks = (ulong)node.Extents.Sum(extent => (extent.Length + 511) / 512);
    }

    /// <returns>0 for an entry that is no file.</returns>
    private static FileType TypeOf(TarEntry entry) => entry.EntryType switch
    {
        TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile => FileType.Regular,
        TarEntryType.Directory => FileType.Directory,
        TarEntryType.SymbolicLink => FileType.SymLink,
        TarEntryType.CharacterDevice => FileType.CharacterDevice,
        TarEntryType.BlockDevice => FileType.BlockDevice,
        TarEntryType.Fifo => FileType.Fifo,
        _ => 0,
    };
}
