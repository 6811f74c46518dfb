using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>
/// An overlay whose lower layers lie in the mount of another: <c>inner</c> and <c>outer</c>, each with an upper on the disk.
/// Dispose unmounts both, the outer one first.
/// </summary>
internal sealed class Nest : IDisposable
{
    private readonly string root;
    private readonly string innerProgram, outerProgram;
    private OverlayMount? inner, outer;

    public Nest(string root, string innerProgram, string outerProgram)
    {
        (this.root, this.innerProgram, this.outerProgram) = (root, innerProgram, outerProgram);
        foreach (string name in new[] { "l", "u1", "w1", "u2", "w2" }) Directory.CreateDirectory($"{root}/{name}");
    }

    public string Outer => root + "/outer";

    public TreeSnapshot InnerUpper => TreeSnapshot.Take(root + "/u1", TreeView.OnDisk);

    public TreeSnapshot OuterUpper => TreeSnapshot.Take(root + "/u2", TreeView.OnDisk);

    /// <summary>Directories in the inner mount that are the outer one's lower layers, and what the outer one is told besides.</summary>
    public void MountBoth(string prepareInner, string[] lowers, string extra)
    {
        inner = Mount(innerProgram, new OverlayOptions([root + "/l"], root + "/u1", root + "/w1"), root + "/inner");
        Bash.Run(prepareInner, root, timeoutSeconds: 60);
        outer = Mount(outerProgram,
            new OverlayOptions([.. lowers.Select(lower => $"{root}/inner/{lower}")], root + "/u2", root + "/w2", extra), Outer);
    }

    /// <summary>Runs each line by itself in the outer mount; what each said and how it ended, without names of this nest.</summary>
    public IReadOnlyList<string> Answers(string lines) =>
        [.. from line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            let result = Bash.Try("export LC_ALL=C\n" + line, Outer, timeoutSeconds: 60)
            select $"{line}: exit {result.ExitCode}\n{result.Output}{result.Error}".Replace(root, "ROOT", StringComparison.Ordinal)];

    public TreeSnapshot Merged() => TreeSnapshot.Take(Outer, outer is KernelOverlay ? TreeView.MergedByKernel : TreeView.Merged);

    /// <summary>Takes the inner mountpoint away; what held it goes on until the outer overlay ends.</summary>
    public void UnmountInnerFirst() => Tool.Check(Libc.umount2(Libc.Bytes(root + "/inner"), 0), "umount");

    public void UnmountBoth()
    {
        outer!.Unmount();
        if (MountTable.IsMountpoint(root + "/inner")) inner!.Unmount();
        else inner!.Dispose();
    }

    public void Dispose()
    {
        outer?.Dispose();
        inner?.Dispose();
    }

    private static OverlayMount Mount(string program, OverlayOptions options, string mountpoint)
    {
        OverlayMount mount = ProgramUnderTest.Mount(program, options, mountpoint);
        if (mount is FuseOverlay fuse) fuse.AbortAfter(TimeSpan.FromSeconds(60));
        return mount;
    }
}
