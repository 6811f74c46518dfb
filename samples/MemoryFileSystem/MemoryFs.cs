using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace MemoryFileSystem;

/// <summary>
/// A file system in memory. One lock guards all of it: the operations are short. OPEN, CREATE, FLUSH, FSYNC and ACCESS are left out:
/// the kernel does without them.
/// </summary>
/// <param name="capacity">The most bytes that all files together have.</param>
internal sealed partial class MemoryFs(long capacity) : IFuseFileSystem
{
    private const uint AccessRights = 0x1FF;
    private readonly Lock _lock = new();
    private readonly NodeTable<Node> _nodes = new(MakeRoot());
    private readonly long _pagesInAll = capacity / Content.PageSize;
    private long _pagesInUse;

    public Errno Init(FuseNegotiation session)
    {
        session.Wanted = FuseNegotiation.SimpleWanted;
        return Errno.None;
    }

    public Errno Lookup(in FuseRequest request, Name name, out EntryOut entry)
    {
        entry = default;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? directory))
                return Errno.ESTALE;
            return directory.Names?.Find(name) is { } node ? Refer(node, out entry) : Errno.ENOENT;
        }
    }

    public void Forget(NodeId node, ulong lookups)
    {
        lock (_lock)
        {
            if (_nodes.Forget(node, lookups) && _nodes.TryGet(node, out Node? forgotten))
                DropIfUnused(forgotten);
        }
    }

    public Errno GetAttr(in FuseRequest request, in GetAttrIn input, out AttrOut attributes)
    {
        attributes = default;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? node))
                return Errno.ESTALE;
            attributes = node.ToAttr();
            return Errno.None;
        }
    }

    public Errno SetAttr(in FuseRequest request, in SetAttrIn input, out AttrOut attributes)
    {
        attributes = default;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? node))
                return Errno.ESTALE;
            if (input.Valid.HasFlag(SetAttrValid.Size))
                Resize(node, (long)input.Size);
            SetOwnerAndMode(ref node.Attr, input);
            SetTimes(ref node.Attr, input);
            attributes = node.ToAttr();
            return Errno.None;
        }
    }

    public Errno StatFs(in FuseRequest request, out KStatFs statistics)
    {
        lock (_lock)
        {
            ulong free = (ulong)(_pagesInAll - _pagesInUse);
            statistics = new KStatFs
            {
                Blocks = (ulong)_pagesInAll, BFree = free, BAvail = free, BSize = Content.PageSize, FrSize = Content.PageSize,
                Files = (ulong)_nodes.Count, NameLen = 255,
            };
            return Errno.None;
        }
    }

    private static void SetOwnerAndMode(ref Attr attr, in SetAttrIn input)
    {
        if (input.Valid.HasFlag(SetAttrValid.Mode))
            attr.Mode = input.Mode;
        if (input.Valid.HasFlag(SetAttrValid.Uid))
            attr.Uid = input.Uid;
        if (input.Valid.HasFlag(SetAttrValid.Gid))
            attr.Gid = input.Gid;
    }

    private static void SetTimes(ref Attr attr, in SetAttrIn input)
    {
        TimeSpec now = Node.Now;
        attr.Changed = now;
        if (input.Valid.HasFlag(SetAttrValid.Atime))
            attr.Accessed = input.Valid.HasFlag(SetAttrValid.AtimeNow) ? now : new TimeSpec((long)input.Atime, input.AtimeNsec);
        if (input.Valid.HasFlag(SetAttrValid.Mtime))
            attr.Modified = input.Valid.HasFlag(SetAttrValid.MtimeNow) ? now : new TimeSpec((long)input.Mtime, input.MtimeNsec);
    }

    private static Node MakeRoot()
    {
        var root = new Node((uint)FileType.Directory | AccessRights) { Names = new Names() };
        root.Attr.Nlink = 2;
        root.Attr.Accessed = Node.Now;
        root.Modify();
        return root;
    }

    /// <summary>Answers an entry, which takes a lookup reference.</summary>
    private Errno Refer(Node node, out EntryOut entry)
    {
        _nodes.Refer(node.Id);
        entry = node.ToEntry();
        return Errno.None;
    }

    /// <summary>An inode is gone when it has neither a name nor a reference of the kernel.</summary>
    private void DropIfUnused(Node node)
    {
        if (node.Attr.Nlink > 0 || _nodes.IsReferred(node.Id))
            return;
        _pagesInUse -= node.Content.Pages;
        _nodes.Remove(node.Id);
    }
}
