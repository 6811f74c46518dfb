using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Operations;

namespace OverlayFuse.Overlay.Tests.Support;

/// <summary>
/// An overlay without a mount: the file system's methods are called as the session calls them, on real layers. References are counted as
/// the kernel counts them. Parts: Names, Files, Listings.
/// </summary>
internal sealed partial class OverlayUnderTest : IDisposable
{
    private readonly Dictionary<NodeId, ulong> _references = [];
    private readonly string _directory;

    /// <param name="directory">Where the layers are, or will be: "lower0" (topmost) and on, "upper", "work".</param>
    /// <param name="options">What is mounted.</param>
    public OverlayUnderTest(string directory, OverlayOptions options)
    {
        _directory = directory;
        FileSystem = OverlayFileSystem.Create(options);
        FileSystem.ReleaseStart(); // descriptors are counted
    }

    public OverlayFileSystem FileSystem { get; }

    /// <summary>Who asks; the mounter unless a test says otherwise.</summary>
    public Caller Caller { get; set; }

    public string Upper(string path = "") => Path.Combine(_directory, "upper", path);

    public string Lower(int index, string path = "") => Path.Combine(_directory, "lower" + index, path);

    public string Work(string path = "") => Path.Combine(_directory, "work", "work", path);

    public Inode InodeOf(string path) => FileSystem.View.Inodes[Node(path)] ?? throw new InvalidOperationException($"{path} is forgotten");

    /// <summary>The node of a path: one LOOKUP for each of its names, as a kernel without any cache does.</summary>
    public NodeId Node(string path)
    {
        Errno error = TryNode(path, out EntryOut entry);
        return error == Errno.None ? entry.NodeId : throw new IOException($"LOOKUP {path}: {error}");
    }

    public Errno TryNode(string path, out EntryOut entry)
    {
        entry = new EntryOut { NodeId = NodeId.Root };
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            Errno error = Lookup(entry.NodeId, Linux.Name.From(name), out entry);
            if (error != Errno.None || entry.NodeId == NodeId.None)
                return error == Errno.None ? Errno.ENOENT : error;
        }
        return Errno.None;
    }

    public Errno Lookup(NodeId parent, Name name, out EntryOut entry)
    {
        Errno error = FileSystem.Lookup(Request(Opcode.Lookup, parent), name, out entry);
        Count(error, entry);
        return error;
    }

    /// <summary>Notes the reference that an answered entry takes.</summary>
    public void Count(Errno error, in EntryOut entry)
    {
        if (error == Errno.None && entry.NodeId != NodeId.None)
            _references[entry.NodeId] = _references.GetValueOrDefault(entry.NodeId) + 1;
    }

    /// <summary>FORGET of all references to one node.</summary>
    public void Forget(NodeId node)
    {
        if (_references.Remove(node, out ulong count))
            FileSystem.Forget(node, count);
    }

    /// <summary>FORGET of everything, as at unmount or under memory pressure.</summary>
    public void ForgetAll()
    {
        foreach (NodeId node in _references.Keys.ToArray())
            Forget(node);
    }

    public FuseRequest Request(Opcode opcode, NodeId node) => new(opcode, node, Caller);

    public FuseRequest Request(Opcode opcode, string path) => Request(opcode, Node(path));

    /// <summary>Ends it as the daemon does.</summary>
    public void Dispose()
    {
        FileSystem.Destroy();
        FileSystem.Dispose();
    }

    private (NodeId Parent, string Name) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return (Node(slash < 0 ? "" : path[..slash]), path[(slash + 1)..]);
    }
}
