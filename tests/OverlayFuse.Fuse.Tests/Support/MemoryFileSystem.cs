using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests.Support;

/// <summary>A file system in memory, one lock for all: what the real mounts of the tests show. Names are UTF-8 here.</summary>
internal partial class MemoryFileSystem : IFuseFileSystem
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, MemoryNode> _nodes = [];
    private ulong _lastId = 1;

    internal MemoryFileSystem()
    {
        Root = new MemoryNode(1, (uint)FileType.Directory | 0x1FF);
        _nodes[1] = Root;
    }

    internal MemoryNode Root { get; }
    internal FuseNegotiation? Negotiation { get; private set; }
    internal bool Destroyed { get; private set; }
    internal ulong OpenHandles => Volatile.Read(ref _openHandles);
    internal ulong ReleasedHandles => Volatile.Read(ref _releasedHandles);
    private ulong _openHandles;
    private ulong _releasedHandles;

    /// <summary>Lookup references that the kernel holds, over all inodes but the root.</summary>
    internal ulong Lookups
    {
        get
        {
            lock (_lock)
                return _nodes.Values.Where(node => node != Root).Aggregate(0ul, (sum, node) => sum + node.Lookups);
        }
    }

    public virtual Errno Init(FuseNegotiation session)
    {
        Negotiation = session;
        return Errno.None;
    }

    public void Destroy() => Destroyed = true;

    public virtual Errno Lookup(in FuseRequest request, Name name, out EntryOut entry)
    {
        entry = default;
        lock (_lock)
            return Get(request.Node).Children.TryGetValue(name.ToString(), out MemoryNode? node) ? Refer(node, out entry) : Errno.ENOENT;
    }

    public void Forget(NodeId node, ulong lookups)
    {
        lock (_lock)
        {
            MemoryNode forgotten = Get(node);
            forgotten.Lookups -= lookups;
            if (forgotten.Lookups == 0 && forgotten.Attr.Nlink == 0)
                _nodes.Remove(node.Value);
        }
    }

    public Errno GetAttr(in FuseRequest request, in GetAttrIn input, out AttrOut attributes)
    {
        lock (_lock)
            attributes = new AttrOut { AttrValid = 60, Attr = Get(request.Node).Attr };
        return Errno.None;
    }

    public Errno SetAttr(in FuseRequest request, in SetAttrIn input, out AttrOut attributes)
    {
        lock (_lock)
        {
            MemoryNode node = Get(request.Node);
            if (input.Valid.HasFlag(SetAttrValid.Mode))
                node.Attr.Mode = input.Mode;
            if (input.Valid.HasFlag(SetAttrValid.Uid))
                node.Attr.Uid = input.Uid;
            if (input.Valid.HasFlag(SetAttrValid.Gid))
                node.Attr.Gid = input.Gid;
            if (input.Valid.HasFlag(SetAttrValid.Size))
                node.Resize(input.Size);
            if (input.Valid.HasFlag(SetAttrValid.Mtime))
                (node.Attr.Mtime, node.Attr.MtimeNsec) = (input.Mtime, input.MtimeNsec);
            if (input.Valid.HasFlag(SetAttrValid.Atime))
                (node.Attr.Atime, node.Attr.AtimeNsec) = (input.Atime, input.AtimeNsec);
            attributes = new AttrOut { AttrValid = 60, Attr = node.Attr };
        }
        return Errno.None;
    }

    public Errno StatFs(in FuseRequest request, out KStatFs statistics)
    {
        statistics = new KStatFs
        {
            Blocks = 1000, BFree = 500, BAvail = 400, Files = 300, FFree = 200, BSize = 4096, FrSize = 4096,
            NameLen = 255
        };
        return Errno.None;
    }

    public Errno SetXattr(in FuseRequest request, in SetXattrIn input, Name name, ReadOnlySpan<byte> value)
    {
        lock (_lock)
            Get(request.Node).Xattrs[name.ToString()] = value.ToArray();
        return Errno.None;
    }

    public Errno GetXattr(in FuseRequest request, Name name, Span<byte> value, out int length)
    {
        length = 0;
        lock (_lock)
        {
            if (!Get(request.Node).Xattrs.TryGetValue(name.ToString(), out byte[]? stored))
                return Errno.ENODATA;
            return Give(stored, value, out length);
        }
    }

    public Errno ListXattr(in FuseRequest request, Span<byte> list, out int length)
    {
        lock (_lock)
            return Give(System.Text.Encoding.UTF8.GetBytes(string.Concat(Get(request.Node).Xattrs.Keys.Select(name => name + "\0"))), list,
                out length);
    }

    public Errno RemoveXattr(in FuseRequest request, Name name)
    {
        lock (_lock)
            return Get(request.Node).Xattrs.Remove(name.ToString()) ? Errno.None : Errno.ENODATA;
    }

    protected MemoryNode Get(NodeId id) => _nodes[id.Value];

    private static Errno Refer(MemoryNode node, out EntryOut entry)
    {
        node.Lookups++;
        entry = node.ToEntry();
        return Errno.None;
    }

    private static Errno Give(byte[] stored, Span<byte> room, out int length)
    {
        length = stored.Length;
        if (room.IsEmpty)
            return Errno.None;
        return stored.AsSpan().TryCopyTo(room) ? Errno.None : Errno.ERANGE;
    }
}
