using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Run;

/// <summary>
/// `overlayfuse hold`, for programs that want a view for themselves, and `changes` of a live mount; an ordinary user's by fusermount3.
/// </summary>
[TestFixture(Runner.Root), TestFixture(Runner.User), Category("Run")]
internal sealed class HoldTests(Runner runner) : RunTest(runner)
{
    /// <summary>
    /// $view is there then, and file 9 is what holds it. A shell ignores INT and QUIT for what it starts in the background.
    /// </summary>
    private const string Start = """
        start() {
            rm -f in out; mkfifo in out
            env --default-signal $P hold "$@" < in > out 2> said &
            holder=$!
            exec 9> in 8< out
            read -r view <&8
        }
        daemon() { ps -o pid=,sid= --ppid $holder | awk '$1 == $2 { print $1 }'; }
        end() { exec 9>&-; wait $holder || echo $?; cat said; }

        """;

    [Test]
    public void Hold_UntilInputEnds_ShowsTheViewToAll()
    {
        string output = Shell(Start + """
            start --lower top --lower bottom
            echo ${view%.*} | sed "s,$PWD/,,"
            cat $view/other $view/file; echo new > $view/new; rm $view/sub/file; $P changes $view
            end
            test ! -e $view
            """);
        Assert.That(output, Is.EqualTo("tmp/overlayfuse-run\nof the top\nof the bottom\nA new\nD sub/file\n"));
    }

    [Test]
    public void Hold_ALineOfInput_BeginsAnewAtTheSamePlace()
    {
        string output = Shell(Start + """
            start --lower bottom
            chmod 700 $view; rm -r $view/*
            echo >&9; read -r again <&8
            test "$again" = "$view"; ls $view; stat -c %a $view; $P changes $view; ls -A tmp | wc -l
            end
            """);
        Assert.That(output, Is.EqualTo("file\ngone\nother\nsub\n755\n1\n"));
    }

    [Test]
    public void Hold_WithKeepAndUpper_LosesNothing()
    {
        string output = Shell(Start + """
            start --lower bottom --keep kept; echo 1 > $view/new; echo >&9; end
            start --lower bottom --upper kept; cat $view/new; $P changes $view; end
            cat kept/new; ls -A
            """);
        Assert.That(output, Is.EqualTo("1\nA new\n1\nbottom\nin\nkept\nout\nsaid\ntmp\ntop\nview\n"));
    }

    [Test]
    public void Hold_AtAPlaceAndInUse_IsGoneAllTheSame()
    {
        string output = Shell(Start + """
            start --lower bottom --at view
            test "$view" = "$PWD/view"
            (cd view; exec sleep 100) 9>&- & user=$!
            exec 7> view/open
            end
            ls -A view; echo x >&7 || echo cut
            kill $user
            """);
        Assert.That(output, Is.EqualTo("cut\n"));
    }

    /// <summary>The base class looks for what is left.</summary>
    [TestCase("kill -KILL $holder", 137)]
    [TestCase("kill -TERM $holder", 143)]
    [TestCase("kill -INT $holder", 130)]
    [TestCase("kill -KILL $(daemon)", 125)]
    public void Hold_APartyKilled_LeavesNothing(string kill, int status) =>
        Assert.That(Shell(Start + $"start --lower bottom; echo new > $view/new\n{kill}\nwait $holder || echo $?"),
            Is.EqualTo($"{status}\n"));

    [Test]
    public void Hold_BothKilledAtOnce_IsSweptByTheNext()
    {
        Shell(Start + """
            start --lower bottom; echo new > $view/new
            daemon=$(daemon)
            kill -STOP $daemon; kill -KILL $holder $daemon
            while [ -e /proc/$daemon ]; do sleep 0.02; done
            """);
        Assert.That(MountTable.Below(Home), Has.Count.EqualTo(1));
        Shell("$P hold --lower bottom < /dev/null; ls -A tmp");
    }

    [TestCase("hold", "hold: --lower is missing; write --lower DIR\n")]
    [TestCase("hold --lower bottom --at none", "/none: does not exist; create it")]
    [TestCase("hold --lower bottom -o upperdir=x", "layers are named by --lower and --upper here")]
    [TestCase("hold --lower .", "lies inside")]
    public void Hold_ThatCannotWork_IsRefused(string words, string text)
    {
        ToolResult result = Try($"$P {words} </dev/null");
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((125, "")));
        Assert.That(result.Error, Does.StartWith("overlayfuse: ").And.Contain(text));
    }

    /// <summary>Also what the kernel has not sent yet.</summary>
    [TestCase("")]
    [TestCase("-o writeback=1")]
    public void Changes_OfAViewInUse_AreAllInTheUpper(string options) =>
        Assert.That(Shell(Start + $$"""
            start --lower bottom {{options}}
            exec 7> $view/new; printf new >&7; $P changes $view; cat ${view%/*}/upper/new; exec 7>&-
            end
            """), Is.EqualTo("A new\nnew\n"));

    [TestCase("$P changes bottom", "bottom: is not the root of an overlayfuse mount")]
    [TestCase("$P changes none", "none: cannot be opened (ENOENT)")]
    [TestCase("$P -o lowerdir=bottom:top view; trap '$P unmount view' EXIT; $P changes view",
        "view: is read-only: without an upper nothing is changed")]
    public void Changes_OfSomethingElse_IsRefused(string script, string text)
    {
        ToolResult result = Try(script);
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((1, "")));
        Assert.That(result.Error, Does.Contain(text));
    }
}
