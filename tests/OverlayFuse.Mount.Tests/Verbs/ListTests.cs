using System.Globalization;
using System.Text.Json;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Soak;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>`overlayfuse list` of live, left-over and hidden mounts.</summary>
internal sealed class ListTests
{
    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = new CliSandbox();

    [TearDown]
    public void RemoveSandbox()
    {
        foreach (int pid in Overlayfuse.Daemons(sandbox.MountPoint)) _ = Syscall.kill(pid, Signum.SIGKILL);
        sandbox.Dispose();
    }

    [Test]
    public void List_LiveMount_TellsWhatItIs()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);

        JsonElement mount = Listed();

        Assert.Multiple(() =>
        {
            Assert.That(mount.GetProperty("state").GetString(), Is.EqualTo("live"));
            Assert.That(mount.GetProperty("user").GetInt32(), Is.Zero);
            Assert.That(mount.GetProperty("read_only").GetBoolean(), Is.False);
            Assert.That(mount.GetProperty("io").GetString(), Is.EqualTo("stateless"));
            Assert.That(mount.GetProperty("userxattr").GetBoolean(), Is.False);
            Assert.That(mount.GetProperty("pid").GetInt32(), Is.EqualTo(Overlayfuse.Daemons(sandbox.MountPoint).Single()));
            Assert.That(mount.GetProperty("layer_count").GetInt32(), Is.EqualTo(3));
            Assert.That(mount.GetProperty("layers").EnumerateArray()
                .Select(layer => $"{layer.GetProperty("role")} {layer.GetProperty("path")}"),
                Is.EqualTo(new[] { $"upper {sandbox.PathOf("u")}", $"lower {sandbox.PathOf("a")}", $"lower {sandbox.PathOf("b")}" }));
            Assert.That(mount.GetProperty("resident_bytes").GetInt64(), Is.GreaterThan(1_000_000));
        });
    }

    [TestCase("lowerdir=a:b,io=open", "open", true, false)]
    [TestCase("lowerdir=a:b,upperdir=u,workdir=w,userxattr,io=open", "open", false, true)]
    public void List_MountWithOptions_TellsTheMode(string options, string io, bool readOnly, bool userXattr)
    {
        sandbox.Mount("-o", options, sandbox.MountPoint);
        JsonElement mount = Listed();
        Assert.That((mount.GetProperty("io").GetString(), mount.GetProperty("read_only").GetBoolean(),
            mount.GetProperty("userxattr").GetBoolean()), Is.EqualTo((io, readOnly, userXattr)));
    }

    /// <summary>What one option does to another shows where a user looks for it.</summary>
    [TestCase("copyup=incremental,io=passthrough", "copyup=incremental: off, because io=passthrough")]
    [TestCase("metacopy=on,auto_cache", "redirect_dir: on, because metacopy=on", "io=auto: open, because auto_cache")]
    [TestCase("copyup=incremental")]
    public void List_OptionsThatChangeOthers_NotesThem(string options, params string[] notes)
    {
        sandbox.Mount("-o", $"{CliSandbox.Writable},{options}", sandbox.MountPoint);

        Assert.That(Listed().GetProperty("notes").EnumerateArray().Select(note => note.GetString()), Is.EqualTo(notes));
        string[] lines = Overlayfuse.Start("/", "list", "--long").Output.Split('\n');
        Assert.That(lines.SkipWhile(line => !line.StartsWith(sandbox.MountPoint + " ", StringComparison.Ordinal)).Skip(4)
            .Take(notes.Length),
            Is.EqualTo(notes.Select(note => "  note  " + note)));
        Assert.That(Overlayfuse.Start("/", "list").Output, Does.Not.Contain("  note  "));
    }

    /// <summary>A file, a file in a directory with that directory; and none for what is new, or was copied up already.</summary>
    [Test]
    public void List_AfterChangesOfLowerFiles_CountsTheCopyUps()
    {
        sandbox.Shell("mkdir b/d; echo x > b/d/f; head -c 20M /dev/urandom > b/large");
        sandbox.Mount("-o", CliSandbox.Writable + ",copyup=incremental", sandbox.MountPoint);
        Assert.That(CopyUps(), Is.Zero);

        sandbox.Shell("echo more >> m/below; echo more >> m/below; echo new > m/new");
        Assert.That(CopyUps(), Is.EqualTo(1));
        sandbox.Shell("chmod 600 m/d/f");
        Assert.That(CopyUps(), Is.EqualTo(3));
        sandbox.Shell("echo more >> m/large; sync m/large");
        Assert.That(CopyUps(), Is.EqualTo(4));
    }

    [Test]
    public void List_AfterFilesWereLookedAt_KnowsMoreInodes()
    {
        sandbox.Shell("mkdir b/many; cd b/many; touch $(seq 500)");
        sandbox.Mount("-o", "lowerdir=a:b", sandbox.MountPoint);
        long before = Listed().GetProperty("inodes").GetInt64();
        sandbox.Shell("stat m/many/* >/dev/null");
        Assert.That(Listed().GetProperty("inodes").GetInt64(), Is.InRange(before + 500, before + 510));
    }

    [Test]
    public void List_DaemonKilled_SaysDead()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        DaemonProcess.Signal(Overlayfuse.Daemons(sandbox.MountPoint), Signum.SIGKILL);
        Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);

        JsonElement mount = Listed();

        Assert.That((mount.GetProperty("state").GetString(), mount.GetProperty("pid").ValueKind), Is.EqualTo(("dead", JsonValueKind.Null)));
    }

    /// <summary>As long as it is stopped nobody may enter the mount: SIGCONT comes whatever happens.</summary>
    [Test]
    public void List_DaemonStopped_SaysSilentAndEnds()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        int[] daemons = Overlayfuse.Daemons(sandbox.MountPoint);
        try
        {
            DaemonProcess.Signal(daemons, Signum.SIGSTOP);
            JsonElement mount = Listed();
            Assert.That((mount.GetProperty("state").GetString(), mount.GetProperty("pid").ValueKind),
                Is.EqualTo(("silent", JsonValueKind.Null)));
        }
        finally
        {
            DaemonProcess.Signal(daemons, Signum.SIGCONT);
        }
        Assert.That(Listed().GetProperty("state").GetString(), Is.EqualTo("live"));
    }

    [Test]
    public void List_AnotherMountOverIt_SaysUnknown()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        sandbox.Shell("mount -t tmpfs over m");
        Assert.That(Listed().GetProperty("state").GetString(), Is.EqualTo("unknown"));
        sandbox.Shell("umount m");
        Assert.That(Listed().GetProperty("state").GetString(), Is.EqualTo("live"));
    }

    [Test]
    public void List_ByAStranger_ShowsNothing()
    {
        sandbox.Mount("-o", "lowerdir=a:b,allow_other", sandbox.MountPoint);
        string program = sandbox.PathOf("program");
        sandbox.Shell($"install -m 755 '{Overlayfuse.Path}' program");
        Assert.That(MountList.Find(Tool.Try("setpriv", ["--reuid=1234", "--clear-groups", program, "list", "--json"], "/"),
            sandbox.MountPoint), Is.Null);
        Assert.That(Tool.Run("setpriv", "--reuid=1234", "--clear-groups", program, "list"), Is.Empty);
    }

    [Test]
    public void List_ForPeopleWithLayers_IsATable()
    {
        sandbox.Mount("-o", "lowerdir=a:b,ro", sandbox.MountPoint);

        string[] lines = sandbox.Start("list", "-l").Output.Split('\n');

        int line = Array.FindIndex(lines, text => text.StartsWith(sandbox.MountPoint + " ", StringComparison.Ordinal));
        string pid = Overlayfuse.Daemons(sandbox.MountPoint).Single().ToString(CultureInfo.InvariantCulture);
        Assert.That(lines[0], Does.Match("^MOUNTPOINT +STATE +LAYERS +MODE +PID +UPTIME +MEMORY +COPY-UPS +INODES$"));
        Assert.That(lines[line],
            Does.Match($"^{sandbox.MountPoint} +live +2 +ro,io=stateless +{pid} +[0-9]+s +[0-9]+\\.[0-9] MB +0 +[0-9]+$"));
        Assert.That(lines[(line + 1)..(line + 3)],
            Is.EqualTo(new[] { $"  lower {sandbox.PathOf("a")}", $"  lower {sandbox.PathOf("b")}" }));
    }

    private JsonElement Listed() => MountList.Of(sandbox.MountPoint)!.Value;

    private long CopyUps() => Listed().GetProperty("copy_ups").GetInt64();
}
