using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Operations;

namespace OverlayFuse.Benchmarks;

/// <summary>An overlay without a mount: its methods are called as the session calls them.</summary>
internal sealed class OverlayInProcess(OverlayOptions options) : IDisposable
{
    public OverlayFileSystem FileSystem { get; } = OverlayFileSystem.Create(options);

    public static byte[] Bytes(string name) => Name.From(name).ToArray();

    /// <summary>A LOOKUP that must find.</summary>
    public NodeId Find(NodeId parent, string name)
    {
        Errno error = FileSystem.Lookup(new FuseRequest(Opcode.Lookup, parent), Name.From(name), out EntryOut entry);
        return error == Errno.None && entry.NodeId != NodeId.None ? entry.NodeId : throw new IOException($"LOOKUP {name}: {error}");
    }

    /// <summary>A LOOKUP and the FORGET of what it found.</summary>
    public Errno LookupAndForget(NodeId parent, byte[] name)
    {
        Errno error = FileSystem.Lookup(new FuseRequest(Opcode.Lookup, parent), new Name(name), out EntryOut entry);
        if (error == Errno.None && entry.NodeId != NodeId.None)
            FileSystem.Forget(entry.NodeId, 1);
        return error;
    }

    public static void Must(Errno error)
    {
        if (error != Errno.None)
            throw new IOException($"{error}");
    }

    public void Dispose()
    {
        FileSystem.Destroy();
        FileSystem.Dispose();
    }
}
