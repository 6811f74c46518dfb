using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Depth;

/// <summary>One client that holds all the files that it can leaves the others what they need: it alone is refused more.</summary>
internal sealed class FewDescriptorsTests : AppTest
{
    private const int Descriptors = 128;

    /// <summary>Holds files until one more is refused, tells why, and waits for a word on its standard input.</summary>
    private const string Hold = """
        import errno, os, sys
        os.chdir('merged')
        held = []
        try:
            for i in range(1000): hold(held, i)
            print(len(held), 'none refused', flush=True)
        except OSError as e:
            print(len(held), errno.errorcode[e.errno], flush=True)
        sys.stdin.readline()
        """;

    /// <summary>What the others do meanwhile.</summary>
    private const string Others = """
        set -e
        cd merged
        ls -l many/1 | wc -l
        stat -c %s many/7/file
        for i in {1..60}; do ls many/$i; done | sort -u
        mkdir made made/below; rmdir made/below
        chmod 600 many/9/file; stat -c %a many/9/file
        mv many/10/file many/10/moved; ls many/10
        ln -s target link; readlink link
        rm -r many/11 many/12/file; ls many/12
        """;

    /// <summary>Names of files that the client holds go, which takes descriptors too.</summary>
    private const string RemoveHeld = "rm files/{1..8}; mv files/500 files/9";

    private const string Seen = "2\n5\nfile\n600\nmoved\ntarget\n";

    [TestCase("open")]
    [TestCase("open,writeback=1")]
    public void Open_MoreThanTheDaemonMayHold_IsRefusedToThatClientAlone(string io)
    {
        using MergedView view = View(io);

        string[] told = WhileHeld("def hold(held, i): held.append(os.open(f'files/{i}', os.O_RDWR))",
            "cat files/999 2>&1 || true; " + RemoveHeld);

        Assert.That(told[0], Does.Match("^[4-9][0-9] ENFILE$"));
        Assert.That(told[1], Is.EqualTo(Seen + "cat: files/999: Too many open files in system\n"));
        Bash.Run("cd merged/files; for i in {1..8}; do echo $i > $i; done; echo 500 > 500", Sandbox.Root);
        AssertAllIsWell();
    }

    [Test]
    public void Create_MoreThanTheDaemonMayHold_IsRefusedToThatClientAlone()
    {
        using MergedView view = View("open");

        string[] told = WhileHeld("def hold(held, i): held.append(os.open(f'new{i}', os.O_RDWR | os.O_CREAT | os.O_EXCL))", "");

        Assert.That(told[0], Does.Match("^[4-9][0-9] ENFILE$"));
        Assert.That(told[1], Is.EqualTo(Seen));
        string held = told[0].Split(' ')[0];
        Assert.That(Bash.Run("ls merged | grep -c ^new", Sandbox.Root), Is.EqualTo(held + "\n"), "what was refused was not made");
        AssertAllIsWell();
    }

    /// <summary>Here an open file takes no descriptor; one that has lost its name does.</summary>
    [Test]
    public void Unlink_OfMoreOpenFilesThanTheDaemonMayHold_IsRefusedAndOthersRead()
    {
        using MergedView view = View("stateless");
        const string hold = """
            def hold(held, i):
                held.append(os.open(f'new{i}', os.O_RDWR | os.O_CREAT | os.O_EXCL))
                os.write(held[-1], b'%d' % i)
                os.unlink(f'new{i}')
                assert os.pread(held[0], 9, 0) == b'0'
            """;
        string others = Others[..Others.IndexOf("rm -r", StringComparison.Ordinal)];

        string[] told = WhileHeld(hold, "cat files/999", others);

        Assert.That(told[0], Does.Match("^[4-9][0-9] ENFILE$"));
        Assert.That(told[1], Is.EqualTo(Seen + "999\n"));
        AssertAllIsWell();
    }

    /// <summary>
    /// With io=stateless the kernel tells of no close (fuse_conn.no_open), so a file without a name counts until it is forgotten, not for
    /// ever.
    /// </summary>
    [TestCase("stateless")]
    [TestCase("open")]
    public void TmpFile_MadeAndClosedManyTimes_LeavesRoomForMore(string io)
    {
        using MergedView view = View(io);
        File.WriteAllText(Sandbox.PathOf("make.py"), """
            import os
            open('merged/files/1').read()
            for i in range(1000):
                fd = os.open('merged', os.O_TMPFILE | os.O_RDWR)
                os.write(fd, b'%d' % i)
                assert os.pread(fd, 9, 0) == b'%d' % i
                os.close(fd)
            print('made')
            """);

        Assert.That(Bash.Run("python3 make.py", Sandbox.Root), Is.EqualTo("made\n"));
        AssertAllIsWell();
    }

    private MergedView View(string io)
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run("mkdir files many; for i in {0..999}; do echo $i > files/$i; done; for i in {1..60}; do mkdir many/$i; "
            + "echo file > many/$i/file; done", lower);
        return MergedView.WithFewDescriptors(Sandbox, Descriptors, io, lower);
    }

    /// <summary>What the client that holds files is told, and what the others see meanwhile.</summary>
    private string[] WhileHeld(string hold, string more, string others = Others)
    {
        File.WriteAllText(Sandbox.PathOf("hold.py"), hold + "\n" + Hold);
        File.WriteAllText(Sandbox.PathOf("others"), others + "\n" + more + "\n");
        string told = Bash.Run("""
            ulimit -n 2048
            coproc python3 hold.py
            read -r -u "${COPROC[0]}" line
            echo "$line"
            bash others
            echo >&"${COPROC[1]}"
            wait "$COPROC_PID"
            """, Sandbox.Root);
        return told.Split('\n', 2);
    }

    private void AssertAllIsWell() =>
        Assert.That(Bash.Run("cd merged; cat files/999; echo more >> files/998; tail -n 1 files/998; rm files/997; ls files | wc -l",
            Sandbox.Root), Is.EqualTo("999\nmore\n999\n"));
}
