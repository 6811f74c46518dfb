using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests.Support;

/// <summary>Writes down what it was asked, as text, and answers with values whose bytes tell the fields apart.</summary>
internal sealed partial class RecordingFileSystem : IFuseFileSystem
{
    internal List<string> Calls { get; } = [];
    internal Errno Answer { get; set; }
    internal Action<FuseNegotiation>? OnInit { get; set; }
    internal string Last => Calls.Count == 0 ? "nothing" : Calls[^1];

    internal static Attr SomeAttr => new()
    {
        Ino = 0x1111, Size = 0x2222, Blocks = 0x3333, Atime = 0x4444, Mtime = 0x5555, Ctime = 0x6666, AtimeNsec = 0x71, MtimeNsec = 0x72,
        CtimeNsec = 0x73, Mode = 0x81A4, Nlink = 2, Uid = 0x3E8, Gid = 0x3E9, Rdev = 0x501, BlkSize = 0x1000, Flags = AttrFlags.Dax,
    };

    internal static EntryOut SomeEntry => new()
    {
        NodeId = new NodeId(0xABCD), Generation = 0x99, EntryValid = 1, AttrValid = 2, EntryValidNsec = 3, AttrValidNsec = 4,
        Attr = SomeAttr,
    };

    private static OpenOut SomeOpen =>
        new() { Fh = new HandleId(0xF00D), Flags = OpenReplyFlags.KeepCache | OpenReplyFlags.CacheDir, BackingId = 5 };

    private Errno Record(in FuseRequest request, DefaultInterpolatedStringHandler text)
    {
        string group = request.SupplementaryGroup is { } id ? $" group={id}" : "";
        string label = request.TryGetSecurityContext(out Name xattr, out ReadOnlySpan<byte> value)
            ? $" {xattr.ToString()}={Encoding.UTF8.GetString(value)}" : "";
        Calls.Add(string.Create(CultureInfo.InvariantCulture,
            $"{request.Opcode} {request.Node.Value} by {request.Caller.Uid}/{request.Caller.Gid}/{request.Caller.Pid}: ") +
            text.ToStringAndClear() + group + label);
        return Answer;
    }

    public Errno Init(FuseNegotiation session)
    {
        OnInit?.Invoke(session);
        return Answer;
    }

    public void Forget(NodeId node, ulong lookups) => Calls.Add($"Forget {node.Value} {lookups}");

    public Errno Lookup(in FuseRequest request, Name name, out EntryOut entry)
    {
        entry = SomeEntry;
        return Record(request, $"{name.ToString()}");
    }

    public Errno GetAttr(in FuseRequest request, in GetAttrIn input, out AttrOut attributes)
    {
        attributes = new AttrOut { AttrValid = 7, AttrValidNsec = 8, Attr = SomeAttr };
        return Record(request, $"{input.Flags} fh={input.Fh.Value}");
    }

    public Errno SetAttr(in FuseRequest request, in SetAttrIn input, out AttrOut attributes)
    {
        attributes = new AttrOut { AttrValid = 7, AttrValidNsec = 8, Attr = SomeAttr };
        return Record(request,
            $"{input.Valid} fh={input.Fh.Value} size={input.Size} owner={input.LockOwner} atime={input.Atime}.{input.AtimeNsec} "
                + $"mtime={input.Mtime}.{input.MtimeNsec} ctime={input.Ctime}.{input.CtimeNsec} "
                + $"mode={input.Mode:X} {input.Uid}/{input.Gid}");
    }

    public Errno Statx(in FuseRequest request, in StatxIn input, out StatxOut attributes)
    {
        attributes = new StatxOut { AttrValid = 7, AttrValidNsec = 8 };
        attributes.Stat.Mask = StatxMask.Btime;
        attributes.Stat.Btime.Seconds = 0x1234;
        attributes.Stat.DevMinor = 0x77;
        return Record(request, $"{input.Flags} fh={input.Fh.Value} flags={input.SxFlags:X} mask={input.SxMask}");
    }

    public Errno ReadLink(in FuseRequest request, Span<byte> target, out int length)
    {
        length = 6;
        "target"u8.CopyTo(target);
        return Record(request, $"room={target.Length}");
    }

    public Errno SymLink(in FuseRequest request, Name name, Name target, out EntryOut entry)
    {
        entry = SomeEntry;
        return Record(request, $"{name.ToString()} -> {target.ToString()}");
    }

    public Errno MkNod(in FuseRequest request, in MkNodIn input, Name name, out EntryOut entry)
    {
        entry = SomeEntry;
        return Record(request, $"{name.ToString()} mode={input.Mode:X} rdev={input.Rdev:X} umask={input.UMask:X}");
    }

    public Errno MkDir(in FuseRequest request, in MkDirIn input, Name name, out EntryOut entry)
    {
        entry = SomeEntry;
        return Record(request, $"{name.ToString()} mode={input.Mode:X} umask={input.UMask:X}");
    }

    public Errno Unlink(in FuseRequest request, Name name) => Record(request, $"{name.ToString()}");

    public Errno RmDir(in FuseRequest request, Name name) => Record(request, $"{name.ToString()}");

    public Errno Rename(in FuseRequest request, in Rename2In input, Name oldName, Name newName) =>
        Record(request, $"{oldName.ToString()} -> {input.NewDirectory.Value}/{newName.ToString()} {input.Flags}");

    public Errno Link(in FuseRequest request, in LinkIn input, Name newName, out EntryOut entry)
    {
        entry = SomeEntry;
        return Record(request, $"{input.OldNode.Value} as {newName.ToString()}");
    }

    public Errno Create(in FuseRequest request, in CreateIn input, Name name, out EntryOut entry, out OpenOut opened)
    {
        entry = SomeEntry;
        opened = SomeOpen;
        return Record(request, $"{name.ToString()} {input.Flags} mode={input.Mode:X} umask={input.UMask:X} {input.RequestFlags}");
    }

    public Errno TmpFile(in FuseRequest request, in CreateIn input, out EntryOut entry, out OpenOut opened)
    {
        entry = SomeEntry;
        opened = SomeOpen;
        return Record(request, $"{input.Flags} mode={input.Mode:X} umask={input.UMask:X}");
    }
}
