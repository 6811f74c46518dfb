using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace MemoryFileSystem;

/// <summary>
/// Names. The kernel checks permissions, and that a directory does not replace a file or become its own descendant. It looks a new name up
/// first and holds a lock of the directory, so that the name does not come meanwhile.
/// </summary>
internal sealed partial class MemoryFs
{
    public Errno MkNod(in FuseRequest request, in MkNodIn input, Name name, out EntryOut entry) =>
        Make(request, new Node(input.Mode) { Attr = { Rdev = input.Rdev } }, name, out entry);

    public Errno MkDir(in FuseRequest request, in MkDirIn input, Name name, out EntryOut entry) =>
        Make(request, new Node((uint)FileType.Directory | input.Mode) { Names = new Names(), Attr = { Nlink = 2 } }, name, out entry);

    public Errno SymLink(in FuseRequest request, Name name, Name target, out EntryOut entry)
    {
        var link = new Node((uint)FileType.SymLink | AccessRights);
        link.Content.Write(0, target.Bytes);
        return Make(request, link, name, out entry);
    }

    public Errno TmpFile(in FuseRequest request, in CreateIn input, out EntryOut entry, out OpenOut opened)
    {
        entry = default;
        opened = new OpenOut { Flags = OpenReplyFlags.KeepCache };
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? directory))
                return Errno.ESTALE;
            var file = new Node(input.Mode) { Attr = { Nlink = 0 } };
            Adopt(directory, file, request.Caller);
            return Refer(file, out entry);
        }
    }

    public Errno ReadLink(in FuseRequest request, Span<byte> target, out int length)
    {
        length = 0;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? link))
                return Errno.ESTALE;
            length = link.Content.Read(0, target);
            return Errno.None;
        }
    }

    public Errno Link(in FuseRequest request, in LinkIn input, Name newName, out EntryOut entry)
    {
        entry = default;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? directory) || !_nodes.TryGet(input.OldNode, out Node? node))
                return Errno.ESTALE;
            if (directory.Names!.Find(newName) is not null)
                return Errno.EEXIST;
            node.Attr.Nlink++;
            node.Attr.Changed = Node.Now;
            directory.Names.Set(newName, node);
            directory.Modify();
            return Refer(node, out entry);
        }
    }

    public Errno Unlink(in FuseRequest request, Name name) => Remove(request, name);

    public Errno RmDir(in FuseRequest request, Name name) => Remove(request, name);

    public Errno Rename(in FuseRequest request, in Rename2In input, Name oldName, Name newName)
    {
        if (input.Flags is not (RenameFlags.None or RenameFlags.NoReplace or RenameFlags.Exchange))
            return Errno.EINVAL;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? from) || !_nodes.TryGet(input.NewDirectory, out Node? to))
                return Errno.ESTALE;
            if (from.Names!.Find(oldName) is not { } moved)
                return Errno.ENOENT;
            Node? replaced = to.Names!.Find(newName);
            if (input.Flags == RenameFlags.Exchange)
                return Exchange(from, oldName, to, newName);
            if (replaced is not null && input.Flags == RenameFlags.NoReplace)
                return Errno.EEXIST;
            if (replaced is { Names.IsEmpty: false })
                return Errno.ENOTEMPTY;
            if (replaced == moved)
                // Two names of one file: rename(2) does nothing.
                return Errno.None;
            if (replaced is not null)
                LoseName(to, replaced);
            Place(moved, to, newName);
            from.Names.Remove(oldName);
            Leave(from, moved, to);
            return Errno.None;
        }
    }

    private Errno Exchange(Node from, Name oldName, Node to, Name newName)
    {
        if (from.Names!.Find(oldName) is not { } one || to.Names!.Find(newName) is not { } other)
            return Errno.ENOENT;
        Place(one, to, newName);
        Place(other, from, oldName);
        Leave(from, one, to);
        Leave(to, other, from);
        return Errno.None;
    }

    private Errno Make(in FuseRequest request, Node node, Name name, out EntryOut entry)
    {
        entry = default;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? directory))
                return Errno.ESTALE;
            if (directory.Names!.Find(name) is not null)
                return Errno.EEXIST;
            if (directory.Attr.Nlink == 0)
                // It was removed while a process works in it.
                return Errno.ENOENT;
            Adopt(directory, node, request.Caller);
            directory.Names.Set(name, node);
            directory.Attr.Nlink += node.Names is null ? 0u : 1;
            directory.Modify();
            return Refer(node, out entry);
        }
    }

    /// <summary>
    /// Gives a new inode its number, owner and times. A set-gid directory hands its group on, and to directories the bit as well.
    /// </summary>
    private void Adopt(Node directory, Node node, Caller caller)
    {
        bool handsOn = (directory.Attr.Mode & Node.SetGid) != 0;
        (node.Attr.Uid, node.Attr.Gid) = (caller.Uid, handsOn ? directory.Attr.Gid : caller.Gid);
        if (handsOn && node.Names is not null)
            node.Attr.Mode |= Node.SetGid;
        node.Parent = directory;
        node.Modify();
        node.Attr.Accessed = node.Attr.Modified;
        node.Id = _nodes.Add(node);
        _pagesInUse += node.Content.Pages;
    }

    private Errno Remove(in FuseRequest request, Name name)
    {
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? directory))
                return Errno.ESTALE;
            if (directory.Names!.Find(name) is not { } node)
                return Errno.ENOENT;
            if (node.Names is { IsEmpty: false })
                return Errno.ENOTEMPTY;
            directory.Names.Remove(name);
            LoseName(directory, node);
            directory.Modify();
            return Errno.None;
        }
    }

    /// <summary>An inode has lost a name.</summary>
    private void LoseName(Node directory, Node node)
    {
        directory.Attr.Nlink -= node.Names is null ? 0u : 1;
        node.Attr.Nlink -= node.Names is null ? 1u : 2;
        node.Attr.Changed = Node.Now;
        DropIfUnused(node);
    }

    private static void Place(Node node, Node directory, Name name)
    {
        directory.Names!.Set(name, node);
        node.Parent = directory;
        node.Attr.Changed = Node.Now;
        directory.Modify();
    }

    /// <summary>The ".." of a moved directory is a link of another one now.</summary>
    private static void Leave(Node from, Node moved, Node to)
    {
        from.Modify();
        if (moved.Names is null)
            return;
        from.Attr.Nlink--;
        to.Attr.Nlink++;
    }
}
