using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Tests.Support;

/// <summary>Operations on names and attributes, by path.</summary>
internal sealed partial class OverlayUnderTest
{
    public bool Exists(string path) => TryNode(path, out _) == Errno.None;

    public Attr Stat(string path) => Stat(Node(path));

    public Attr Stat(NodeId node)
    {
        Errno error = FileSystem.GetAttr(Request(Opcode.GetAttr, node), default, out AttrOut attributes);
        return error == Errno.None ? attributes.Attr : throw new IOException($"GETATTR {node}: {error}");
    }

    public Errno MkDir(string path, uint mode = 0x1ED, uint umask = 0)
    {
        (NodeId parent, string name) = Split(path);
        var input = new MkDirIn { Mode = mode, UMask = umask };
        Errno error = FileSystem.MkDir(Request(Opcode.MkDir, parent), input, Linux.Name.From(name), out EntryOut entry);
        Count(error, entry);
        return error;
    }

    public Errno MkNod(string path, uint mode, uint device = 0)
    {
        (NodeId parent, string name) = Split(path);
        var input = new MkNodIn { Mode = mode, Rdev = device };
        Errno error = FileSystem.MkNod(Request(Opcode.MkNod, parent), input, Linux.Name.From(name), out EntryOut entry);
        Count(error, entry);
        return error;
    }

    public Errno SymLink(string path, string target)
    {
        (NodeId parent, string name) = Split(path);
        Errno error = FileSystem.SymLink(Request(Opcode.SymLink, parent), Linux.Name.From(name), Linux.Name.From(target),
            out EntryOut entry);
        Count(error, entry);
        return error;
    }

    public string ReadLink(string path)
    {
        byte[] target = new byte[4096];
        Errno error = FileSystem.ReadLink(Request(Opcode.ReadLink, path), target, out int length);
        return error == Errno.None ? System.Text.Encoding.UTF8.GetString(target, 0, length)
            : throw new IOException($"READLINK {path}: {error}");
    }

    public Errno Link(string existing, string path) => Link(Node(existing), path);

    public Errno Link(NodeId existing, string path)
    {
        (NodeId parent, string name) = Split(path);
        var input = new LinkIn { OldNode = existing };
        Errno error = FileSystem.Link(Request(Opcode.Link, parent), input, Linux.Name.From(name), out EntryOut entry);
        Count(error, entry);
        return error;
    }

    /// <summary>UNLINK after the LOOKUP that the VFS does first.</summary>
    public Errno Unlink(string path)
    {
        Errno error = TryNode(path, out _);
        if (error != Errno.None)
            return error;
        (NodeId parent, string name) = Split(path);
        return FileSystem.Unlink(Request(Opcode.Unlink, parent), Linux.Name.From(name));
    }

    /// <summary>RMDIR after the LOOKUP that the VFS does first.</summary>
    public Errno RmDir(string path)
    {
        Errno error = TryNode(path, out _);
        if (error != Errno.None)
            return error;
        (NodeId parent, string name) = Split(path);
        return FileSystem.RmDir(Request(Opcode.RmDir, parent), Linux.Name.From(name));
    }

    /// <summary>RENAME2 after the LOOKUPs that the VFS does first.</summary>
    public Errno Rename(string from, string to, RenameFlags flags = RenameFlags.None)
    {
        Errno error = TryNode(from, out _);
        if (error != Errno.None)
            return error;
        _ = TryNode(to, out _);
        (NodeId oldParent, string oldName) = Split(from);
        (NodeId newParent, string newName) = Split(to);
        var input = new Rename2In { NewDirectory = newParent, Flags = flags };
        return FileSystem.Rename(Request(Opcode.Rename2, oldParent), input, Linux.Name.From(oldName), Linux.Name.From(newName));
    }

    public Errno SetAttr(NodeId node, SetAttrIn input) => FileSystem.SetAttr(Request(Opcode.SetAttr, node), input, out _);

    public Errno ChMod(string path, uint mode) => SetAttr(Node(path), new SetAttrIn { Valid = SetAttrValid.Mode, Mode = mode });

    public Errno ChOwn(string path, uint uid, uint gid) =>
        SetAttr(Node(path), new SetAttrIn { Valid = SetAttrValid.Uid | SetAttrValid.Gid, Uid = uid, Gid = gid });

    public Errno Truncate(string path, ulong size) => SetAttr(Node(path), new SetAttrIn { Valid = SetAttrValid.Size, Size = size });

    public Errno SetXattr(string path, string name, string value)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(value);
        var input = new SetXattrIn { Size = (uint)bytes.Length };
        return FileSystem.SetXattr(Request(Opcode.SetXattr, path), input, Linux.Name.From(name), bytes);
    }

    public Errno RemoveXattr(string path, string name) => FileSystem.RemoveXattr(Request(Opcode.RemoveXattr, path), Linux.Name.From(name));

    public Errno GetXattr(string path, string name, out byte[] value)
    {
        byte[] buffer = new byte[1 << 16];
        Errno error = FileSystem.GetXattr(Request(Opcode.GetXattr, path), Linux.Name.From(name), buffer, out int length);
        value = buffer[..length];
        return error;
    }

    public string[] ListXattr(string path)
    {
        byte[] buffer = new byte[1 << 16];
        Errno error = FileSystem.ListXattr(Request(Opcode.ListXattr, path), buffer, out int length);
        if (error != Errno.None)
            throw new IOException($"LISTXATTR {path}: {error}");
        string[] names = System.Text.Encoding.UTF8.GetString(buffer, 0, length).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        return [.. names.Order(StringComparer.Ordinal)];
    }
}
