using BenchmarkDotNet.Attributes;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Benchmarks;

/// <summary>What a running mount is asked all the time, of inodes that are known. Each must allocate nothing.</summary>
[BenchmarkCategory(AllocationGate.Category)]
public class HotPathBenchmarks
{
    private static readonly byte[] s_known = OverlayInProcess.Bytes("known");
    private static readonly byte[] s_absent = OverlayInProcess.Bytes("absent");
    private static readonly byte[] s_xattr = OverlayInProcess.Bytes("user.none");
    private readonly byte[] _buffer = new byte[128 << 10];

    private Scratch _scratch = null!;
    private OverlayInProcess _overlay = null!;
    private NodeId _known;
    private NodeId _written;
    private HandleId _reading;
    private HandleId _writing;

    [GlobalSetup]
    public void Mount()
    {
        _scratch = new Scratch();
        _scratch.MakeDirectory("lower");
        File.WriteAllBytes(Path.Combine(_scratch.Root, "lower/known"), _buffer);
        File.WriteAllBytes(Path.Combine(_scratch.Root, "lower/written"), _buffer);
        _overlay = new OverlayInProcess(new OverlayOptions
        {
            LowerDirs = [Path.Combine(_scratch.Root, "lower")],
            UpperDir = _scratch.MakeDirectory("upper"),
            WorkDir = _scratch.MakeDirectory("work"),
            UserXattr = true,
        });
        _known = _overlay.Find(NodeId.Root, "known");
        _written = _overlay.Find(NodeId.Root, "written");
        _reading = Open(_known, OpenFlags.ReadOnly);
        _writing = Open(_written, OpenFlags.ReadWrite);
        OverlayInProcess.Must(ReadDir(0));
    }

    [GlobalCleanup]
    public void Unmount()
    {
        _overlay.FileSystem.Release(new FuseRequest(Opcode.Release, _known), new ReleaseIn { Fh = _reading });
        _overlay.FileSystem.Release(new FuseRequest(Opcode.Release, _written), new ReleaseIn { Fh = _writing });
        _overlay.Dispose();
        _scratch.Dispose();
    }

    [Benchmark]
    public Errno LookupOfAKnownName() => _overlay.LookupAndForget(NodeId.Root, s_known);

    [Benchmark]
    public Errno LookupOfAnAbsentName() => _overlay.LookupAndForget(NodeId.Root, s_absent);

    [Benchmark]
    public Errno GetAttr() => _overlay.FileSystem.GetAttr(new FuseRequest(Opcode.GetAttr, _known), default, out _);

    [Benchmark]
    public Errno GetXattr() => _overlay.FileSystem.GetXattr(new FuseRequest(Opcode.GetXattr, _known), new Name(s_xattr), _buffer, out _);

    [Benchmark]
    public Errno ReadOf4KiB() =>
        _overlay.FileSystem.Read(new FuseRequest(Opcode.Read, _known), new ReadIn { Fh = _reading, Size = 4096 }, _buffer.AsSpan(0, 4096),
            out _);

    [Benchmark]
    public Errno ReadOf128KiB() =>
        _overlay.FileSystem.Read(new FuseRequest(Opcode.Read, _known), new ReadIn { Fh = _reading, Size = 128 << 10 }, _buffer, out _);

    [Benchmark]
    public Errno WriteOf4KiB() =>
        _overlay.FileSystem.Write(new FuseRequest(Opcode.Write, _written), new WriteIn { Fh = _writing, Size = 4096 },
            _buffer.AsSpan(0, 4096), out _);

    [Benchmark]
    public Errno ReadDir() => ReadDir(2);

    [Benchmark]
    public Errno StatFs() => _overlay.FileSystem.StatFs(new FuseRequest(Opcode.StatFs, NodeId.Root), out _);

    private Errno ReadDir(ulong offset)
    {
        DirentWriter writer = new(_buffer, false);
        return _overlay.FileSystem.ReadDir(new FuseRequest(Opcode.ReadDir, NodeId.Root),
            new ReadIn { Offset = offset, Size = 4096 }, ref writer);
    }

    private HandleId Open(NodeId node, OpenFlags flags)
    {
        OverlayInProcess.Must(_overlay.FileSystem.Open(new FuseRequest(Opcode.Open, node), new OpenIn { Flags = flags },
            out OpenOut opened));
        return opened.Fh;
    }
}
