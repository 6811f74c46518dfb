using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Tools.Containerd;

namespace OverlayFuse.Mount.Tests.Snapshotter;

/// <summary>
/// Callers side by side, kill -9 at any moment, restarts and full disks: what was answered is there, and nothing else is left.
/// </summary>
[TestFixture]
internal sealed class CrashTests : SnapshotterTest
{
    private const int Callers = 6;

    [Test]
    public void Restart_AfterSigterm_KeepsAllAndRemovesTheSocket()
    {
        MakeLayer("base", "", "echo kept >file");
        Prepare("active", "base");
        List<Info> before = List();
        Assert.That(Server.Stop(), Is.Zero);
        Assert.That(File.Exists(Socket), Is.False);
        Restart();
        Assert.That(List(), Is.EqualTo(before));
        Assert.That(Bash.Run("cat file", Mount(View("view", "base"), "view")), Is.EqualTo("kept\n"));
    }

    /// <summary>sd_notify(3).</summary>
    [Test]
    public void Start_UnderSystemd_SaysWhenItServes()
    {
        Server.Stop();
        string place = Sandbox.PathOf("notified");
        using var systemd = new System.Net.Sockets.Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(place));
        using var started = new SnapshotterProcess(Root, Socket, place);
        systemd.ReceiveTimeout = 60_000;
        byte[] said = new byte[100];
        Assert.That(Encoding.ASCII.GetString(said, 0, systemd.Receive(said)), Is.EqualTo("READY=1"));
        Assert.That(Bash.Run($"stat -c %a {Socket}"), Is.EqualTo("600\n"));
    }

    [Test]
    public void SecondSnapshotter_OnTheSameRoot_IsRefused()
    {
        InvalidOperationException? refused = Assert.Throws<InvalidOperationException>(
            () => new SnapshotterProcess(Root, Sandbox.PathOf("other")).Dispose());
        Assert.That(refused?.Message, Does.Contain("ended with 1").And.Contain("is in use by another snapshotter"));
    }

    [TestCase("socket2 file", "/file: is not a directory; name a directory as ROOT that you may write to")]
    [TestCase("socket2 file/in", "/file/in: cannot be made")]
    [TestCase("socket2 locked", "/locked: permission denied; name a directory as ROOT")]
    [TestCase("tcp://127.0.0.1:1 root2", "snapshotter: tcp://127.0.0.1:1: is no path; write the path of a Unix socket as ADDRESS")]
    public void Start_WithWordsThatCannotBe_NamesTheRemedy(string words, string text)
    {
        ToolResult result = Bash.Try($"touch file; mkdir -p locked/lock; timeout 20 '{ProgramUnderTest.Path}' snapshotter {words}",
            Sandbox.Root);
        Assert.That(result.Error, Does.StartWith("overlayfuse: ").And.Contain(text));
    }

    /// <summary>crictl and Kubernetes write addresses so.</summary>
    [Test]
    public void Start_OnAnAddressWithAScheme_ServesOnItsPath()
    {
        string socket = Sandbox.PathOf("other");
        using Process started = Process.Start(ProgramUnderTest.Path, ["snapshotter", "unix://" + socket, Sandbox.PathOf("root2")]);
        try
        {
            Assert.That(() => File.Exists(socket), Is.True.After(60_000, 20));
        }
        finally
        {
            started.Kill();
            started.WaitForExit();
        }
    }

    [Test]
    public void Stop_WithAnotherFileAtTheAddress_LeavesThat()
    {
        File.Delete(Socket);
        File.WriteAllText(Socket, "another");
        Assert.That(Server.Stop(), Is.Zero);
        Assert.That(File.ReadAllText(Socket), Is.EqualTo("another"));
    }

    [Test]
    public void SecondSnapshotter_OnTheSameSocket_IsRefused()
    {
        ToolResult result = Tool.Try("timeout", ["20", ProgramUnderTest.Path, "snapshotter", Socket, Sandbox.PathOf("other")]);
        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.Error, Does.Contain("another server listens there"));
        Assert.That(List(), Is.Empty, "the first still serves");
    }

    [Test]
    public void Start_WhereNoSocketCanBe_SaysWhyAndRemovesNothing()
    {
        string file = Sandbox.PathOf("file");
        File.WriteAllText(file, "kept");
        foreach ((string address, string text) in new[] { (file, "is no socket"), (Sandbox.PathOf("none", "socket"), "ENOENT; make its") })
        {
            ToolResult result = Tool.Try("timeout", ["20", ProgramUnderTest.Path, "snapshotter", address, Sandbox.PathOf("other")]);
            Assert.That(result.Error, Does.StartWith($"overlayfuse: {address}").And.Contain(text));
            Assert.That(result.ExitCode, Is.EqualTo(1));
        }
        Assert.That(File.ReadAllText(file), Is.EqualTo("kept"));
        ToolResult root = Tool.Try("timeout", ["20", ProgramUnderTest.Path, "snapshotter", Sandbox.PathOf("s"), Sandbox.PathOf("a:b")]);
        Assert.That(root.Error, Does.Contain("choose another directory"));
    }

    [Test]
    public void Start_WithoutMetadataBesideSnapshots_RemovesNothing()
    {
        MakeLayer("base", "", "echo kept >file");
        Server.Kill();
        string metadata = Path.Combine(Root, "metadata");
        File.Move(metadata, metadata + ".moved");
        Assert.Throws<InvalidOperationException>(() => new SnapshotterProcess(Root, Socket).Dispose());
        File.Move(metadata + ".moved", metadata);
        Restart();
        Assert.That(Bash.Run("cat file", Mount(View("view", "base"), "view")), Is.EqualTo("kept\n"));
    }

    /// <summary>
    /// Each caller does what containerd does when it unpacks an image. The server is killed in the middle, several times.
    /// </summary>
    [Test]
    public void Kill_AmidCallsSideBySide_LosesNothingThatWasAnswered()
    {
        var random = new Random(1);
        var expected = new ConcurrentDictionary<string, Kind>();
        for (int round = 0; round < 8; round++)
        {
            var unsure = new ConcurrentBag<string>();
            int id = round;
            Task[] callers = [.. Enumerable.Range(0, Callers).Select(caller => Task.Run(() => Unpack($"{id}-{caller}", expected, unsure)))];
            Thread.Sleep(random.Next(20, 400));
            Server.Kill();
            Task.WaitAll(callers);
            Restart();
            AssertAsAnswered(expected, unsure);
        }
        foreach (Info info in List().OrderByDescending(info => info.Kind == Kind.Active))
            RemoveWithChildren(info.Name);
        Assert.That(Directories(), Is.Empty);
    }

    [Test]
    public void Calls_SideBySide_AllSucceedOnce()
    {
        Prepare("a");
        Commit("base", "a");
        int made = 0;
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = Callers }, i =>
        {
            try
            {
                Prepare($"key-{i / 2}", "base");
                Interlocked.Increment(ref made);
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.AlreadyExists)
            {
                // The other of the two was first.
            }
        });
        Assert.That(made, Is.EqualTo(100));
        Assert.That(Directories(), Has.Length.EqualTo(101));
        Assert.That(List(), Has.Count.EqualTo(101));
    }

    /// <summary>Directories of snapshots that nobody knows go; other things there are not the snapshotter's.</summary>
    [Test]
    public void Cleanup_WithDirectoriesOfNoSnapshot_RemovesThemAlone()
    {
        Prepare("a");
        string snapshots = Path.Combine(Root, "snapshots");
        Bash.Run("mkdir -p 77/fs/d 077 mine; chmod 0 77/fs/d; touch 78", snapshots);
        Client.Cleanup(new CleanupRequest());
        Assert.That(Bash.Run("ls", snapshots), Is.EqualTo("077\n1\n78\nmine\n"));
        Bash.Run("mkdir -p 500/fs", snapshots);
        Restart();
        Prepare("b");
        Assert.That(Bash.Run("ls", snapshots), Does.Not.Contain("500\n"));
    }

    [Test]
    public void Disk_ThatIsFull_RefusesAndLosesNothing()
    {
        Server.Kill();
        Bash.Run($"rm -rf {Root}; mkdir {Root}; mount -t tmpfs -o size=128k,mode=700 ovf-full {Root}");
        Restart();
        List<string> made = [];
        RpcException? full = null;
        for (int i = 0; full is null && i < 1000; i++)
        {
            try
            {
                Client.Prepare(new PrepareSnapshotRequest { Key = $"key-{i}", Labels = { ["pad"] = new string('x', 3000) } });
                made.Add($"key-{i}");
            }
            catch (RpcException e)
            {
                full = e;
            }
        }
        Assert.That(full?.Status.Detail, Does.Contain("No space left on device"));
        Assert.That(List().Select(info => info.Name), Is.EquivalentTo(made));
        Assert.That(Directories(), Has.Length.EqualTo(made.Count));
        Remove(made[0]);
        Restart();
        Assert.That(List().Select(info => info.Name), Is.EquivalentTo(made.Skip(1)));
        Server.Stop();
    }

    private void Unpack(string name, ConcurrentDictionary<string, Kind> expected, ConcurrentBag<string> unsure)
    {
        string parent = "";
        for (int i = 0; ; i++)
        {
            string active = $"{name}-{i}-active", committed = $"{name}-{i}";
            try
            {
                unsure.Add(active);
                Prepare(active, parent);
                expected[active] = Kind.Active;
                unsure.Add(committed);
                Commit(committed, active);
                expected[committed] = Kind.Committed;
                expected.TryRemove(active, out _);
                parent = i % 4 == 3 ? "" : committed;
            }
            catch (RpcException)
            {
                return;
            }
        }
    }

    /// <summary>What was not answered is there or not; a commit that was not answered may have ended the active snapshot.</summary>
    private void AssertAsAnswered(ConcurrentDictionary<string, Kind> expected, IReadOnlyCollection<string> unsure)
    {
        var found = List().ToDictionary(info => info.Name, info => info.Kind);
        foreach (string name in unsure.Where(name => !expected.ContainsKey(name) && found.ContainsKey(name)))
        {
            expected[name] = found[name];
            if (found[name] == Kind.Committed)
                expected.TryRemove(name + "-active", out _);
        }
        Assert.That(found, Is.EquivalentTo(expected));
        Assert.That(Directories(), Has.Length.EqualTo(found.Count));
        foreach ((string name, Kind kind) in found.Where(pair => pair.Value == Kind.Active))
            Assert.That(Client.Mounts(new MountsRequest { Key = name }).Mounts, Has.Count.EqualTo(1), $"{name} {kind}");
    }

    private void RemoveWithChildren(string name)
    {
        foreach (Info child in List($"parent==\"{name}\""))
            RemoveWithChildren(child.Name);
        if (List($"name==\"{name}\"").Count > 0)
            Remove(name);
    }
}
