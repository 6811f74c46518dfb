using System.Globalization;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Peers;

/// <summary>What one step of a user's asks of the daemon, of its layers and of its descriptors: counted, never timed.</summary>
[TestFixture, Category("Peers")]
internal sealed class DemandsTests : PeersTest
{
    private const string WideTree = "for i in {1..200}; do mkdir -p wide/d$i/sub; done\nmkdir flat\nfor i in {1..300}; do : > flat/f$i; "
        + "done";

    /// <summary>Seen: fuse-overlayfs 1.10 makes over 1,400 calls, one and more for each child.</summary>
    [Test]
    public void Stat_OfADirectoryOfManyDirectories_LooksAtNoChild()
    {
        Mount(WideTree);

        string[] calls = CallsDuring("stat wide >/dev/null");

        Assert.That(calls, Has.Length.InRange(1, 100));
        Assert.That(calls.Where(call => call.Contains("\"d1", StringComparison.Ordinal)), Is.Empty);
    }

    /// <summary>Seen: fuse-overlayfs 1.10 asks the layer for one such name for each of the files.</summary>
    [Test]
    public void ListLong_OfALayerWithoutContainerMarks_AsksTheLayerForNone()
    {
        Mount(WideTree);

        string[] calls = CallsDuring("ls -l wide flat >/dev/null");

        Assert.That(calls.Where(call => call.Contains("flat", StringComparison.Ordinal)), Is.Not.Empty, "the trace saw the listing");
        Assert.That(calls.Where(call => call.Contains(".wh.", StringComparison.Ordinal)), Is.Empty);
    }

    /// <summary>A git status asks for the same files again and again. Negative answers are kept as well.</summary>
    [Test]
    public void Stat_OfKnownAndMissingFilesAgain_AsksTheDaemonNothing()
    {
        Mount(WideTree);
        const string Status = "for i in {1..300}; do test -f flat/f$i; test ! -e flat/missing$i; done";
        See(Status);

        Assert.That(CallsDuring(Status)
            .Where(call => call.Contains("flat", StringComparison.Ordinal) || call.Contains("missing", StringComparison.Ordinal)),
            Is.Empty);
    }

    [Test]
    public void Write_OfSixteenMebibytes_ReachesTheDaemonInLargePieces()
    {
        Mount("");

        string[] calls = CallsDuring("dd if=/dev/zero of=big bs=1M count=16 status=none");

        Assert.That(calls.Count(call => call.Contains("pwrite64(", StringComparison.Ordinal)
            || call.Contains(" splice(", StringComparison.Ordinal)), Is.InRange(1, 40));
    }

    [Test]
    public void MakeAndRemove_Directories_LeavesNoDescriptorOpen()
    {
        Mount("mkdir d");
        const string Round = "for i in {1..200}; do mkdir d/$i; : > d/$i/f; rm -r d/$i; done";
        See(Round);
        int before = Descriptors();

        See(Round + "\n" + Round);

        Assert.That(Descriptors(), Is.LessThanOrEqualTo(before + 10));
    }

    /// <summary>A shell's soft limit is not the limit of the daemon, which has a descriptor for each file that is open or mapped.</summary>
    [Test]
    public void Open_MoreFilesThanTheShellsLimit_AllAreOpen()
    {
        string starter = Sandbox.PathOf("few");
        File.WriteAllText(starter, $"#!/bin/bash\nulimit -S -n 100\nexec {ProgramUnderTest.Path} \"$@\"\n");
        Bash.Run("chmod 755 " + starter);
        Bash.Run("for i in {1..500}; do echo $i > f$i; done", Lower);
        using FuseOverlay few = FuseOverlay.Mount(starter, Options, Merged);

        string opened = Bash.Run("ulimit -n 1024\nfor i in {1..500}; do exec {fd}< f$i; done\nread -u $fd last\necho $last", Merged);

        Assert.That(opened, Is.EqualTo("500\n"));
    }

    private int Descriptors() => Daemon.Daemons.Sum(pid => Directory.GetFileSystemEntries($"/proc/{pid}/fd").Length);

    /// <summary>The daemon's system calls while a script runs in the merged root.</summary>
    private string[] CallsDuring(string script)
    {
        string trace = Sandbox.PathOf("trace");
        string pids = string.Join(' ', Daemon.Daemons.Select(pid => "-p " + pid.ToString(CultureInfo.InvariantCulture)));
        Bash.Run($$"""
            strace -f -s 300 -o {{trace}} {{pids}} 2>{{trace}}.log &
            tracer=$!
            trap 'kill -INT $tracer; wait $tracer || true' EXIT
            for i in {1..200}; do ! grep -q attached {{trace}}.log || break; sleep 0.05; done
            sleep 0.2
            (cd {{Merged}}
            {{script}})
            sleep 0.2
            """, Sandbox.Root, timeoutSeconds: 120);
        return [.. File.ReadLines(trace).Where(line => !line.Contains("resumed>", StringComparison.Ordinal))];
    }
}
