using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests.Support;

internal partial class MemoryFileSystem
{
    /// <summary>Makes an inode under a name, for tests that need one before they begin.</summary>
    internal MemoryNode Add(string name, uint mode, byte[]? data = null)
    {
        lock (_lock)
        {
            MemoryNode node = Make(Root, name, mode, default);
            node.Data = data ?? [];
            node.Attr.Size = (ulong)node.Data.Length;
            return node;
        }
    }

    public Errno MkNod(in FuseRequest request, in MkNodIn input, Name name, out EntryOut entry) =>
        MakeEntry(request, input.Mode & ~input.UMask, name, out entry);

    public Errno MkDir(in FuseRequest request, in MkDirIn input, Name name, out EntryOut entry) =>
        MakeEntry(request, (uint)FileType.Directory | (input.Mode & ~input.UMask), name, out entry);

    public Errno SymLink(in FuseRequest request, Name name, Name target, out EntryOut entry)
    {
        Errno error = MakeEntry(request, (uint)FileType.SymLink | 0x1FF, name, out entry);
        if (error == Errno.None)
            Get(entry.NodeId).Data = target.Bytes.ToArray();
        return error;
    }

    public Errno ReadLink(in FuseRequest request, Span<byte> target, out int length)
    {
        lock (_lock)
            return Give(Get(request.Node).Data, target, out length);
    }

    public Errno Create(in FuseRequest request, in CreateIn input, Name name, out EntryOut entry, out OpenOut opened)
    {
        opened = new OpenOut { Fh = new HandleId(Interlocked.Increment(ref _openHandles)) };
        return MakeEntry(request, input.Mode & ~input.UMask, name, out entry);
    }

    public Errno TmpFile(in FuseRequest request, in CreateIn input, out EntryOut entry, out OpenOut opened)
    {
        opened = new OpenOut { Fh = new HandleId(Interlocked.Increment(ref _openHandles)) };
        lock (_lock)
        {
            var node = new MemoryNode(++_lastId, input.Mode & ~input.UMask);
            node.Attr.Nlink = 0;
            _nodes[node.Id] = node;
            return Refer(node, out entry);
        }
    }

    public Errno Unlink(in FuseRequest request, Name name) => Remove(request, name, Errno.None);

    public Errno RmDir(in FuseRequest request, Name name) => Remove(request, name, Errno.ENOTEMPTY);

    public Errno Rename(in FuseRequest request, in Rename2In input, Name oldName, Name newName)
    {
        lock (_lock)
        {
            MemoryNode from = Get(request.Node), to = Get(input.NewDirectory);
            if (!from.Children.TryGetValue(oldName.ToString(), out MemoryNode? moved))
                return Errno.ENOENT;
            bool exists = to.Children.TryGetValue(newName.ToString(), out MemoryNode? replaced);
            if (exists && input.Flags == RenameFlags.NoReplace)
                return Errno.EEXIST;
            from.Children.Remove(oldName.ToString());
            to.Children[newName.ToString()] = moved;
            moved.Parent = to;
            if (input.Flags == RenameFlags.Exchange)
                from.Children[oldName.ToString()] = replaced!;
            else if (exists)
                replaced!.Attr.Nlink--;
            return Errno.None;
        }
    }

    public Errno Link(in FuseRequest request, in LinkIn input, Name newName, out EntryOut entry)
    {
        lock (_lock)
        {
            MemoryNode node = Get(input.OldNode);
            node.Attr.Nlink++;
            Get(request.Node).Children.Add(newName.ToString(), node);
            return Refer(node, out entry);
        }
    }

    public Errno OpenDir(in FuseRequest request, in OpenIn input, out OpenOut opened)
    {
        Interlocked.Increment(ref _openHandles);
        opened = default;
        return Errno.None;
    }

    public Errno ReleaseDir(in FuseRequest request, in ReleaseIn input)
    {
        Interlocked.Increment(ref _releasedHandles);
        return Errno.None;
    }

    public Errno ReadDir(in FuseRequest request, in ReadIn input, ref DirentWriter entries) => List(request, input.Offset, ref entries);

    public Errno ReadDirPlus(in FuseRequest request, in ReadIn input, ref DirentWriter entries) => List(request, input.Offset, ref entries);

    private Errno List(in FuseRequest request, ulong offset, ref DirentWriter entries)
    {
        lock (_lock)
        {
            MemoryNode directory = Get(request.Node);
            if (offset == 0 && !entries.TryAdd(directory.Id, 1, FileType.Directory, "."u8))
                return Errno.None;
            if (offset <= 1 && !entries.TryAdd((directory.Parent ?? directory).Id, 2, FileType.Directory, ".."u8))
                return Errno.None;
            for (int i = Math.Max(0, (int)offset - 2); i < directory.Children.Count; i++)
            {
                MemoryNode node = directory.Children.Values[i];
                byte[] name = System.Text.Encoding.UTF8.GetBytes(directory.Children.Keys[i]);
                if (!entries.HasRoomFor(name.Length))
                    break;
                if (entries.IsPlus && Refer(node, out EntryOut entry) == Errno.None)
                    entries.TryAddPlus(entry, node.Id, (ulong)i + 3, node.Type, name);
                else
                    entries.TryAdd(node.Id, (ulong)i + 3, node.Type, name);
            }
            return Errno.None;
        }
    }

    private Errno MakeEntry(in FuseRequest request, uint mode, Name name, out EntryOut entry)
    {
        entry = default;
        lock (_lock)
        {
            MemoryNode directory = Get(request.Node);
            if (directory.Children.ContainsKey(name.ToString()))
                return Errno.EEXIST;
            return Refer(Make(directory, name.ToString(), mode, request.Caller), out entry);
        }
    }

    private MemoryNode Make(MemoryNode directory, string name, uint mode, Caller caller)
    {
        var node = new MemoryNode(++_lastId, mode) { Parent = directory };
        (node.Attr.Uid, node.Attr.Gid) = (caller.Uid, caller.Gid);
        node.Touch();
        directory.Children.Add(name, node);
        _nodes[node.Id] = node;
        return node;
    }

    private Errno Remove(in FuseRequest request, Name name, Errno whenFull)
    {
        lock (_lock)
        {
            MemoryNode directory = Get(request.Node);
            if (!directory.Children.TryGetValue(name.ToString(), out MemoryNode? node))
                return Errno.ENOENT;
            if (node.Children.Count > 0)
                return whenFull;
            directory.Children.Remove(name.ToString());
            node.Attr.Nlink--;
            return Errno.None;
        }
    }
}
