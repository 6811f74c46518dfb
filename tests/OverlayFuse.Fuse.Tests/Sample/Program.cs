using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

FuseServer.Run(new HelloFileSystem(), new FuseMountOptions { MountPoint = args[0], Source = "hello", Subtype = "hello" });

/// <summary>One directory with one file.</summary>
internal sealed class HelloFileSystem : IFuseFileSystem
{
    private static readonly Attr Directory = new() { Ino = 1, Mode = (uint)FileType.Directory | 0x16D, Nlink = 2 }; // 0555
    private static readonly Attr Hello = new() { Ino = 2, Mode = (uint)FileType.Regular | 0x124, Nlink = 1, Size = 14 }; // 0444

    public Errno Lookup(in FuseRequest request, Name name, out EntryOut entry)
    {
        entry = new EntryOut { NodeId = new NodeId(2), EntryValid = 60, AttrValid = 60, Attr = Hello };
        return name.Bytes.SequenceEqual("hello"u8) ? Errno.None : Errno.ENOENT;
    }

    public Errno GetAttr(in FuseRequest request, in GetAttrIn input, out AttrOut attributes)
    {
        attributes = new AttrOut { AttrValid = 60, Attr = request.Node == NodeId.Root ? Directory : Hello };
        return Errno.None;
    }

    public Errno ReadDir(in FuseRequest request, in ReadIn input, ref DirentWriter entries)
    {
        if (input.Offset == 0)
            _ = entries.TryAdd(ino: 2, nextOffset: 1, FileType.Regular, "hello"u8);
        return Errno.None;
    }

    public Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count) =>
        FuseAnswer.Read("Hello, world!\n"u8, input.Offset, data, out count);
}
