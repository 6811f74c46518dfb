using BenchmarkDotNet.Attributes;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Benchmarks;

/// <summary>
/// A LOOKUP of what the daemon does not know, as a function of depth. With the index of names it asks the layers that have the name,
/// without (as with timeout=SECONDS, where layers may change) one after the other.
/// </summary>
public class LookupBenchmarks
{
    private const int FilesOfALayer = 16;
    private static readonly byte[] s_deep = OverlayInProcess.Bytes("deep");
    private static readonly byte[] s_bottom = OverlayInProcess.Bytes("bottom");
    private static readonly byte[] s_absent = OverlayInProcess.Bytes("absent");
    private static readonly byte[] s_merged = OverlayInProcess.Bytes("merged");

    private Scratch _scratch = null!;
    private OverlayInProcess _overlay = null!;
    private NodeId _deep;
    private NodeId _opaque;

    [Params(1, 2, 4, 8, 16, 32, 64, 128)]
    public int Layers { get; set; }

    [Params(false, true)]
    public bool Index { get; set; }

    [GlobalSetup]
    public void Mount()
    {
        _scratch = new Scratch();
        for (int layer = 0; layer < Layers; layer++)
            MakeLayer(layer);
        _overlay = new OverlayInProcess(new OverlayOptions
        {
            LowerDirs = [.. Enumerable.Range(0, Layers).Select(Lower)],
            UserXattr = true,
            CacheTimeout = Index ? TimeSpan.FromDays(10000) : TimeSpan.FromHours(1),
        });
        _deep = _overlay.Find(NodeId.Root, "deep");
        _opaque = _overlay.Find(NodeId.Root, "opaque");
    }

    [GlobalCleanup]
    public void Unmount()
    {
        _overlay.Dispose();
        _scratch.Dispose();
    }

    /// <summary>The name is in the lowest layer only.</summary>
    [Benchmark]
    public Errno HitInTheDeepest() => _overlay.LookupAndForget(_deep, s_bottom);

    [Benchmark]
    public Errno Miss() => _overlay.LookupAndForget(_deep, s_absent);

    /// <summary>The directory is opaque in the topmost layer: nothing below is asked.</summary>
    [Benchmark]
    public Errno MissBelowAnOpaqueCut() => _overlay.LookupAndForget(_opaque, s_absent);

    /// <summary>A directory that every layer has.</summary>
    [Benchmark]
    public Errno MergedDirectory() => _overlay.LookupAndForget(_deep, s_merged);

    /// <summary>Nothing is known of the directory, either: its layers are found, opened, and with the index listed.</summary>
    [Benchmark]
    public Errno MergedDirectoryAndAMissInIt()
    {
        FuseRequest request = new(Opcode.Lookup, _deep);
        Errno error = _overlay.FileSystem.Lookup(request, new Name(s_merged), out EntryOut merged);
        if (error == Errno.None)
            error = _overlay.LookupAndForget(merged.NodeId, s_absent);
        _overlay.FileSystem.Forget(merged.NodeId, 1);
        return error;
    }

    private string Lower(int layer) => Path.Combine(_scratch.Root, $"{layer}");

    private void MakeLayer(int layer)
    {
        _scratch.MakeDirectory($"{layer}/deep/merged");
        string opaque = _scratch.MakeDirectory($"{layer}/opaque");
        for (int i = 0; i < FilesOfALayer; i++)
            File.WriteAllText(Path.Combine(Lower(layer), "deep", $"file-{layer}-{i}"), "");
        if (layer == 0)
            MakeOpaque(opaque);
        if (layer == Layers - 1)
            File.WriteAllText(Path.Combine(Lower(layer), "deep", "bottom"), "");
    }

    private static void MakeOpaque(string directory)
    {
        OverlayInProcess.Must(Sys.OpenAt(Fd.WorkingDirectory, Name.From(directory), OpenFlags.ReadOnly | OpenFlags.Directory,
            out Fd opened));
        using ScopedFd closing = new(opened);
        OverlayInProcess.Must(Sys.SetXattrAt(opened, Name.Empty, Name.From("user.overlay.opaque"), "y"u8));
    }
}
