using System.Diagnostics;
using OverlayFuse.Testing.Tests.Support;

namespace OverlayFuse.Testing.Tests;

/// <summary>How an overlay ends: whatever is open, whoever is killed. The base class looks for what is left.</summary>
internal sealed class EndTests : OverlayTest
{
    /// <summary>Of a dotnet that another user can start too.</summary>
    private static readonly string s_client = typeof(Client).Assembly.Location;

    [Test]
    public void Dispose_WhileInUse_CutsOffAndRemovesEverything()
    {
        OverlayMount overlay = OverlayMount.Create(Lower, Options);
        using FileStream open = File.Create(Path.Combine(overlay.Path, "open"), bufferSize: 0);
        using Process inside = Process.Start(new ProcessStartInfo("sleep", ["100"]) { WorkingDirectory = overlay.Path })!;
        try
        {
            overlay.Dispose();
            overlay.Dispose();

            Assert.That(Directory.Exists(overlay.Path), Is.False);
            Assert.That(() => open.WriteByte(1), Throws.InstanceOf<IOException>());
            Assert.That(() => overlay.Changes, Throws.TypeOf<OverlayMountException>());
            Assert.That(overlay.Reset, Throws.TypeOf<ObjectDisposedException>());
        }
        finally
        {
            inside.Kill();
        }
    }

    [TestCase("dispose", false)]
    [TestCase("forget", false)]
    [TestCase("forget", true)]
    public void TestProcess_AtItsEnd_LeavesNothing(string how, bool isKilled)
    {
        using Process client = StartClient("dotnet", [s_client, how, Lower]);
        Assert.That(client.StandardOutput.ReadLine(), Does.StartWith(Root + "/tmp/"));
        Assert.That(client.StandardOutput.ReadLine(), Is.EqualTo("A made"));
        if (isKilled)
            client.Kill();
        else
            client.StandardInput.Close();
        client.WaitForExit();
        Assert.That(client.ExitCode, Is.EqualTo(isKilled ? 137 : 0));
        SpinWait.SpinUntil(() => Directory.GetFileSystemEntries(Root + "/tmp").Length == 0, 10_000); // the base class asserts it
    }

    /// <summary>By fusermount3. The client is copied to where the user can read it.</summary>
    [Test]
    public void TestProcess_OfAnOrdinaryUser_HasItsOverlay()
    {
        string mode = Bash("stat -c %a /dev/fuse").Trim();
        Bash($"mkdir client; cp -r {Path.GetDirectoryName(s_client)}/{{OverlayFuse.Testing*,runtimes}} client; chmod 666 /dev/fuse");
        try
        {
            string[] become = ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--inh-caps=-all"];
            using Process client = StartClient("setpriv",
                [.. become, "dotnet", Path.Combine(Root, "client", Path.GetFileName(s_client)), "dispose", Lower]);
            string path = client.StandardOutput.ReadLine()!;
            Assert.That(client.StandardOutput.ReadLine(), Is.EqualTo("A made"));
            Assert.That(Bash($"grep ' {path} ' /proc/self/mounts"), Does.Contain("user_id=65534"));
            client.StandardInput.Close();
            client.WaitForExit();
            Assert.That(client.ExitCode, Is.Zero);
        }
        finally
        {
            Bash($"chmod {mode} /dev/fuse");
        }
    }

    [Test]
    public void Daemon_Killed_IsSaidAndNothingIsLeft()
    {
        using OverlayMount overlay = OverlayMount.Create(Lower, Options);
        int daemon = int.Parse(Bash($"{Program} list --json | grep -A10 -F {overlay.Path} | grep -o '\"pid\": [0-9]*' | grep -o '[0-9]*'"),
            System.Globalization.CultureInfo.InvariantCulture);
        Process.GetProcessById(daemon).Kill();
        Assert.That(overlay.Reset, Throws.TypeOf<OverlayMountException>().With.Message.Contains("the daemon was killed by signal 9"));
    }

    [Test]
    public void Daemon_KilledWhileChangesAreKept_IsAnErrorOfDispose()
    {
        OverlayMount overlay = OverlayMount.Create(Lower, Options with { Keep = Path.Combine(Root, "kept") });
        foreach (int pid in Bash($"pgrep -f '^{Program} hold' | xargs -r ps -o pid=,sid= -p | awk '$1 == $2 {{ print $1 }}'")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse))
            Process.GetProcessById(pid).Kill();
        Assert.That(overlay.Dispose, Throws.TypeOf<OverlayMountException>().With.Message.Contains("the daemon was killed by signal 9"));
    }

    private Process StartClient(string program, string[] words)
    {
        var start = new ProcessStartInfo(program, words)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
            WorkingDirectory = Root
        };
        start.Environment["OVERLAYFUSE"] = Program;
        start.Environment["DOTNET_EnableDiagnostics"] = "0"; // its pipes in TMPDIR outlive a kill
        start.Environment["TMPDIR"] = Path.Combine(Root, "tmp");
        return Process.Start(start)!;
    }
}
