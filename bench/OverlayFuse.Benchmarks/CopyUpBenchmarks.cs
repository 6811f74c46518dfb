using System.Globalization;
using BenchmarkDotNet.Attributes;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Benchmarks;

/// <summary>How the data of a large lower file get into the upper.</summary>
public enum CopyKind
{
    /// <summary>The disk has no reflinks.</summary>
    Copied,

    /// <summary>xfs in a file.</summary>
    Reflinked,

    /// <summary>One page of data in each 16 MiB.</summary>
    Sparse,
}

/// <summary>
/// The first write into a large lower file, each time over a new upper: until the write is answered, and until the file is whole and
/// synced. The column "written" is what the process has put into the page cache meanwhile.
/// </summary>
[Config(typeof(WithWrittenColumn))]
public class CopyUpBenchmarks
{
    private const int Page = 4096;
    private const int HoleDistance = 16 << 20;
    private readonly byte[] _page = new byte[Page];

    private Scratch _scratch = null!;
    private Scratch _turn = null!;
    private OverlayInProcess _overlay = null!;
    private NodeId _file;
    private HandleId _handle;
    private long _writtenBefore;
    private string _measured = "";

    [ParamsSource(nameof(Kinds))]
    public CopyKind Kind { get; set; }

    [ParamsSource(nameof(Sizes))]
    public int MiB { get; set; }

    public static IEnumerable<CopyKind> Kinds =>
        LoopDisk.IsPossible ? [CopyKind.Copied, CopyKind.Reflinked, CopyKind.Sparse] : [CopyKind.Copied, CopyKind.Sparse];

    /// <summary>COPYUP_MIB=1,64 chooses others.</summary>
    public static IEnumerable<int> Sizes =>
        (Environment.GetEnvironmentVariable("COPYUP_MIB") ?? "1,16,256,2048").Split(',')
            .Select(size => int.Parse(size, CultureInfo.InvariantCulture));

    [GlobalSetup]
    public void MakeFile()
    {
        _scratch = new Scratch(Kind == CopyKind.Reflinked ? LoopDisk.Shared.Root : null);
        using FileStream file = File.Create(Path.Combine(_scratch.MakeDirectory("lower"), "large"));
        byte[] data = new byte[Kind == CopyKind.Sparse ? Page : 1 << 20];
        Random.Shared.NextBytes(data);
        for (long offset = 0; offset < (long)MiB << 20; offset += Kind == CopyKind.Sparse ? HoleDistance : data.Length)
        {
            file.Position = offset;
            file.Write(data);
        }
        file.SetLength((long)MiB << 20);
        file.Flush(flushToDisk: true);
    }

    [GlobalCleanup]
    public void RemoveFile() => _scratch.Dispose();

    [IterationSetup]
    public void Mount()
    {
        _turn = new Scratch(_scratch.Root);
        _overlay = new OverlayInProcess(new OverlayOptions
        {
            LowerDirs = [Path.Combine(_scratch.Root, "lower")],
            UpperDir = _turn.MakeDirectory("upper"),
            WorkDir = _turn.MakeDirectory("work"),
            UserXattr = true,
        });
        _file = _overlay.Find(NodeId.Root, "large");
        _writtenBefore = WrittenColumn.BytesOfThisProcess();
    }

    [IterationCleanup]
    public void Unmount()
    {
        WrittenColumn.Note((_measured, Kind, MiB), WrittenColumn.BytesOfThisProcess() - _writtenBefore);
        OverlayInProcess.Must(_overlay.FileSystem.Release(new FuseRequest(Opcode.Release, _file), new ReleaseIn { Fh = _handle }));
        _overlay.Dispose();
        _turn.Dispose();
    }

    [Benchmark]
    public Errno FirstWrite()
    {
        _measured = nameof(FirstWrite);
        return OpenAndWrite();
    }

    [Benchmark]
    public Errno FirstWriteAndFSync()
    {
        _measured = nameof(FirstWriteAndFSync);
        OverlayInProcess.Must(OpenAndWrite());
        return _overlay.FileSystem.FSync(new FuseRequest(Opcode.FSync, _file), new FSyncIn { Fh = _handle });
    }

    private Errno OpenAndWrite()
    {
        OverlayInProcess.Must(_overlay.FileSystem.Open(new FuseRequest(Opcode.Open, _file), new OpenIn { Flags = OpenFlags.ReadWrite },
            out OpenOut opened));
        _handle = opened.Fh;
        return _overlay.FileSystem.Write(new FuseRequest(Opcode.Write, _file), new WriteIn { Fh = _handle, Size = Page, Offset = Page },
            _page, out _);
    }
}
