using System.Text;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Tests.Support;

/// <summary>Operations on open files, by path or by node.</summary>
internal sealed partial class OverlayUnderTest
{
    public Errno Open(NodeId node, OpenFlags flags, out HandleId handle)
    {
        Errno error = FileSystem.Open(Request(Opcode.Open, node), new OpenIn { Flags = flags }, out OpenOut opened);
        handle = opened.Fh;
        return error;
    }

    public Errno Release(NodeId node, HandleId handle = default) =>
        FileSystem.Release(Request(Opcode.Release, node), new ReleaseIn { Fh = handle });

    public Errno ReadAt(NodeId node, HandleId handle, ulong offset, Span<byte> data, out int count)
    {
        var input = new ReadIn { Fh = handle, Offset = offset, Size = (uint)data.Length };
        return FileSystem.Read(Request(Opcode.Read, node), input, data, out count);
    }

    public Errno WriteAt(NodeId node, HandleId handle, ulong offset, string text)
    {
        byte[] data = Encoding.UTF8.GetBytes(text);
        var input = new WriteIn { Fh = handle, Offset = offset, Size = (uint)data.Length };
        Errno error = FileSystem.Write(Request(Opcode.Write, node), input, data, out int count);
        return error == Errno.None && count != data.Length ? throw new IOException($"WRITE: {count} of {data.Length}") : error;
    }

    /// <summary>The first 64 KiB of a file that is open.</summary>
    public string ReadOpen(NodeId node, HandleId handle = default)
    {
        byte[] data = new byte[1 << 16];
        Errno error = ReadAt(node, handle, 0, data, out int count);
        return error == Errno.None ? Encoding.UTF8.GetString(data, 0, count) : throw new IOException($"READ {node}: {error}");
    }

    public string Read(string path)
    {
        NodeId node = Node(path);
        Errno error = Open(node, OpenFlags.ReadOnly, out HandleId handle);
        if (error != Errno.None)
            throw new IOException($"OPEN {path}: {error}");
        string text = ReadOpen(node, handle);
        _ = Release(node, handle);
        return text;
    }

    /// <summary>Opens with the flags, writes at 0 and closes.</summary>
    public Errno Write(string path, string text, OpenFlags flags = OpenFlags.WriteOnly)
    {
        NodeId node = Node(path);
        Errno error = Open(node, flags, out HandleId handle);
        if (error != Errno.None)
            return error;
        error = WriteAt(node, handle, 0, text);
        _ = Release(node, handle);
        return error;
    }

    /// <summary>CREATE, writes and closes.</summary>
    public Errno Create(string path, string text = "", uint mode = 0x1A4, uint umask = 0)
    {
        Errno error = CreateOpen(path, mode, umask, out NodeId node, out HandleId handle);
        if (error != Errno.None)
            return error;
        error = WriteAt(node, handle, 0, text);
        _ = Release(node, handle);
        return error;
    }

    public Errno CreateOpen(string path, uint mode, uint umask, out NodeId node, out HandleId handle)
    {
        (NodeId parent, string name) = Split(path);
        var input = new CreateIn { Flags = OpenFlags.ReadWrite | OpenFlags.Create, Mode = mode | (uint)FileType.Regular, UMask = umask };
        Errno error = FileSystem.Create(Request(Opcode.Create, parent), input, Linux.Name.From(name), out EntryOut entry,
            out OpenOut opened);
        Count(error, entry);
        (node, handle) = (entry.NodeId, opened.Fh);
        return error;
    }

    public Errno TmpFile(string directory, uint mode, out NodeId node, out HandleId handle)
    {
        var input = new CreateIn { Flags = OpenFlags.ReadWrite | OpenFlags.TmpFile, Mode = mode | (uint)FileType.Regular };
        Errno error = FileSystem.TmpFile(Request(Opcode.TmpFile, directory), input, out EntryOut entry, out OpenOut opened);
        Count(error, entry);
        (node, handle) = (entry.NodeId, opened.Fh);
        return error;
    }
}
