using System.Diagnostics;
using Grpc.Core;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Tools.Containerd;
using MountOfContainerd = OverlayFuse.Tools.Containerd.Mount;

namespace OverlayFuse.Mount.Tests.Snapshotter;

/// <summary>A snapshotter of its own for each test, and what its tests do with it: the calls of containerd, and its mounts.</summary>
[Category("Snapshotter")]
internal abstract class SnapshotterTest : AppTest
{
    protected SnapshotterProcess Server { get; private set; } = null!;

    protected Snapshots.SnapshotsClient Client => Server.Client;

    protected string Root => Sandbox.PathOf("root");

    protected string Socket => Sandbox.PathOf("socket");

    [SetUp]
    public void StartServer() => Server = new SnapshotterProcess(Root, Socket);

    [TearDown]
    public void KillServer() => Server.Dispose();

    protected void Restart()
    {
        Server.Dispose();
        Server = new SnapshotterProcess(Root, Socket);
    }

    protected MountOfContainerd Prepare(string key, string parent = "") =>
        Client.Prepare(new PrepareSnapshotRequest { Key = key, Parent = parent }).Mounts.Single();

    protected MountOfContainerd View(string key, string parent = "") =>
        Client.View(new ViewSnapshotRequest { Key = key, Parent = parent }).Mounts.Single();

    protected void Commit(string name, string key) => Client.Commit(new CommitSnapshotRequest { Name = name, Key = key });

    protected void Remove(string key) => Client.Remove(new RemoveSnapshotRequest { Key = key });

    protected Info Stat(string key) => Client.Stat(new StatSnapshotRequest { Key = key }).Info;

    protected List<Info> List(params string[] filters)
    {
        using AsyncServerStreamingCall<ListSnapshotsResponse> call = Client.List(new ListSnapshotsRequest { Filters = { filters } });
        List<Info> infos = [];
        while (call.ResponseStream.MoveNext(CancellationToken.None).GetAwaiter().GetResult())
            infos.AddRange(call.ResponseStream.Current.Info);
        return infos;
    }

    /// <summary>The directories of snapshots on the disk.</summary>
    protected string[] Directories() =>
        [.. Directory.GetDirectories(Path.Combine(Root, "snapshots")).Select(path => Path.GetFileName(path)!)];

    protected static void AssertStatus(StatusCode expected, Action call) =>
        Assert.That(Assert.Throws<RpcException>(() => call())?.StatusCode, Is.EqualTo(expected));

    /// <summary>Mounts as containerd does: a type fuse3.X by the helper mount.fuse3, which starts X from PATH.</summary>
    protected string Mount(MountOfContainerd mount, string name)
    {
        string target = Sandbox.MakeDirectory(name);
        if (mount.Type == "bind")
        {
            Bash.Run($"mount --rbind '{mount.Source}' '{target}'");
            if (mount.Options.Contains("ro"))
                Bash.Run($"mount -o remount,bind,ro '{target}'");
            return target;
        }
        Assert.That(mount.Type, Is.EqualTo("fuse3.overlayfuse"));
        var start = new ProcessStartInfo("mount.fuse3",
            [mount.Source, target, .. mount.Options.SelectMany(option => new[] { "-o", option }), "-t", "overlayfuse"]);
        start.Environment["PATH"] = $"{Path.GetDirectoryName(ProgramUnderTest.Path)}:{Environment.GetEnvironmentVariable("PATH")}";
        using Process helper = Process.Start(start)!;
        helper.WaitForExit();
        Assert.That(helper.ExitCode, Is.Zero, "mount.fuse3");
        return target;
    }

    protected static void Unmount(string target) => Bash.Run($"umount '{target}'");

    /// <summary>Prepares a snapshot, mounts it, runs a script in it, unmounts it and commits it.</summary>
    protected void MakeLayer(string name, string parent, string script)
    {
        string target = Mount(Prepare(name + "-active", parent), name + "-mount");
        Bash.Run(script, target);
        Unmount(target);
        Commit(name, name + "-active");
    }
}
