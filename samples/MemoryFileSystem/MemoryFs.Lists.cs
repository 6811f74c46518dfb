using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace MemoryFileSystem;

/// <summary>Listings and xattrs.</summary>
internal sealed partial class MemoryFs
{
    /// <summary>Without an answer to it, the kernel caches listings. With this one it asks each time.</summary>
    public Errno OpenDir(in FuseRequest request, in OpenIn input, out OpenOut opened)
    {
        opened = default;
        return Errno.None;
    }

    public Errno ReadDir(in FuseRequest request, in ReadIn input, ref DirentWriter entries)
    {
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? directory))
                return Errno.ESTALE;
            if (input.Offset < 1 && !entries.TryAdd(directory.Id.Value, 1, FileType.Directory, "."u8))
                return Errno.None;
            if (input.Offset < 2 && !entries.TryAdd(directory.Parent.Id.Value, 2, FileType.Directory, ".."u8))
                return Errno.None;
            foreach (Names.Entry entry in directory.Names!.After(Math.Max(2, input.Offset)))
            {
                if (!entries.HasRoomFor(entry.Name.Length))
                    break;
                Add(entry, ref entries);
            }
            return Errno.None;
        }
    }

    public Errno SetXattr(in FuseRequest request, in SetXattrIn input, Name name, ReadOnlySpan<byte> value)
    {
        if (name.StartsWith("system."u8))
            return Errno.EOPNOTSUPP;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? node))
                return Errno.ESTALE;
            bool exists = node.Xattrs.ContainsKey(name.ToString());
            if (exists && input.Flags == XattrFlags.Create)
                return Errno.EEXIST;
            if (!exists && input.Flags == XattrFlags.Replace)
                return Errno.ENODATA;
            node.Xattrs[name.ToString()] = value.ToArray();
            node.Attr.Changed = Node.Now;
            return Errno.None;
        }
    }

    public Errno GetXattr(in FuseRequest request, Name name, Span<byte> value, out int length)
    {
        length = 0;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? node))
                return Errno.ESTALE;
            return node.Xattrs.TryGetValue(name.ToString(), out byte[]? stored)
                ? FuseAnswer.Xattr(stored, value, out length) : Errno.ENODATA;
        }
    }

    public Errno ListXattr(in FuseRequest request, Span<byte> list, out int length)
    {
        length = 0;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? node))
                return Errno.ESTALE;
            byte[] names = NativeText.ToBytes(string.Concat(node.Xattrs.Keys.Select(name => name + "\0")));
            return FuseAnswer.Xattr(names, list, out length);
        }
    }

    public Errno RemoveXattr(in FuseRequest request, Name name)
    {
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? node))
                return Errno.ESTALE;
            if (!node.Xattrs.Remove(name.ToString()))
                return Errno.ENODATA;
            node.Attr.Changed = Node.Now;
            return Errno.None;
        }
    }

    /// <summary>In READDIRPLUS an entry is the answer of a LOOKUP, and takes a reference.</summary>
    private void Add(Names.Entry entry, ref DirentWriter entries)
    {
        Node node = entry.Node;
        if (entries.IsPlus && Refer(node, out EntryOut answer) == Errno.None)
            _ = entries.TryAddPlus(answer, node.Id.Value, entry.Position, node.Type, entry.Name);
        else
            _ = entries.TryAdd(node.Id.Value, entry.Position, node.Type, entry.Name);
    }
}
