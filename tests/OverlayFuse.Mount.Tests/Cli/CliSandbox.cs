using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>Two lower layers (a over b), an upper (u), a work directory (w) and a mountpoint (m), on a disk of their own.</summary>
internal sealed class CliSandbox : IDisposable
{
    public const string Writable = "lowerdir=a:b,upperdir=u,workdir=w";

    private readonly Sandbox sandbox = Sandbox.OnDisk();

    public CliSandbox()
    {
        foreach (string name in new[] { "a", "b", "u", "w", "m" }) sandbox.MakeDirectory(name);
        File.WriteAllText(PathOf("a", "file"), "of a");
        File.WriteAllText(PathOf("b", "file"), "of b");
        File.WriteAllText(PathOf("b", "below"), "of b");
    }

    public string Root => sandbox.Root;

    public string MountPoint => PathOf("m");

    public string PathOf(params string[] names) => sandbox.PathOf(names);

    public string MakeDirectory(params string[] names) => sandbox.MakeDirectory(names);

    public string MakeFileSystem(string type, int sizeMiB) => sandbox.MakeFileSystem(type, sizeMiB);

    public void Shell(string script) => Tool.Run("sh", "-ec", $"cd '{Root}'; {script}");

    public ToolResult Start(params string[] arguments) => Overlayfuse.Start(Root, arguments);

    /// <summary>Mounts and demands that it is live and that nothing was said.</summary>
    public void Mount(params string[] arguments)
    {
        ToolResult result = Start(arguments);
        Assert.That((result.ExitCode, result.Error, result.Output), Is.EqualTo((0, "", "")));
        Assert.That(MountTable.IsMountpoint(MountPoint), "mounted when the program had exited 0");
    }

    /// <summary>Everything below: names, types, inodes, modes, sizes, times of change; mounts too.</summary>
    public string Snapshot(bool withTimes) =>
        Tool.Run("find", Root, "-printf", withTimes ? "%p %y %i %m %s %T@ %C@\\n" : "%p %y %i %m\\n")
            + string.Join('\n', MountTable.Below(Root));

    public void Dispose()
    {
        sandbox.Dispose();
        Overlayfuse.AwaitNoDaemon(MountPoint);
    }
}
