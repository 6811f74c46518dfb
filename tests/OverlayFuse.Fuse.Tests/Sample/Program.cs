using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

FuseMount mount = FuseMount.Mount(new FuseMountOptions { MountPoint = args[0], Source = "hello", Subtype = "hello" });
new FuseSession(new HelloFileSystem(), mount.Device).Run(); // until somebody unmounts it

/// <summary>One directory with one file.</summary>
internal sealed class HelloFileSystem : IFuseFileSystem
{
    private static readonly NodeId Hello = new(2);

    private static ReadOnlySpan<byte> Text => "Hello, world!\n"u8;

    public Errno Lookup(in FuseRequest request, Name name, out EntryOut entry)
    {
        entry = new EntryOut { NodeId = Hello, EntryValid = 60, AttrValid = 60, Attr = Attributes(Hello) };
        return name.Bytes.SequenceEqual("hello"u8) ? Errno.None : Errno.ENOENT;
    }

    public Errno GetAttr(in FuseRequest request, in GetAttrIn input, out AttrOut attributes)
    {
        attributes = new AttrOut { AttrValid = 60, Attr = Attributes(request.Node) };
        return Errno.None;
    }

    public Errno ReadDir(in FuseRequest request, in ReadIn input, ref DirentWriter entries)
    {
        if (input.Offset < 1 && !entries.TryAdd(ino: 1, nextOffset: 1, FileType.Directory, "."u8))
            return Errno.None;
        if (input.Offset < 2 && !entries.TryAdd(ino: 1, nextOffset: 2, FileType.Directory, ".."u8))
            return Errno.None;
        if (input.Offset < 3)
            _ = entries.TryAdd(ino: 2, nextOffset: 3, FileType.Regular, "hello"u8);
        return Errno.None;
    }

    public Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
    {
        ReadOnlySpan<byte> rest = Text[(int)Math.Min(input.Offset, (ulong)Text.Length)..];
        count = Math.Min(rest.Length, data.Length);
        rest[..count].CopyTo(data);
        return Errno.None;
    }

    private static Attr Attributes(NodeId node) => node == Hello
        ? new Attr { Ino = 2, Mode = (uint)FileType.Regular | 0x124, Nlink = 1, Size = (ulong)Text.Length } // 0444
        : new Attr { Ino = 1, Mode = (uint)FileType.Directory | 0x16D, Nlink = 2 }; // 0555
}
