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
        kept_by() { test "$(cat said)" = "overlayfuse: $1; the changes are in $(echo $TMPDIR/overlayfuse-kept.*)${2-}"; }

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

    /// <summary>Another process has the other end of standard input open.</summary>
    [Test]
    public void Hold_TheLineEnd_EndsThoughInputGoesOn() =>
        Assert.That(Shell(Start + """
            start --lower bottom
            sleep 100 8<&- & user=$!
            echo end >&9; wait $holder; echo $?; cat said; kill $user
            """), Is.EqualTo("0\n"));

    /// <summary>The kernel's overlayfs, or another view, shows the kept changes over the same layer.</summary>
    [Test]
    public void Hold_TheLineKeep_LeavesTheChangesAsALayer() =>
        Assert.That(Shell(Start + """
            start --lower bottom
            echo thrown > $view/thrown; echo >&9; read -r again <&8
            echo new > $view/new; rm $view/file; exec 7> $view/open; printf late >&7
            echo "keep kept" >&9; wait $holder; echo $?; cat said; exec 7>&-
            ls kept; cat kept/open; stat -c ' %F' kept/file
            start --lower kept --lower bottom; ls $view; end
            rm -r kept
            """), Is.EqualTo("0\nfile\nnew\nopen\nlate character special file\ngone\nnew\nopen\nother\nsub\n"));

    /// <summary>What cannot be moved to its place is not thrown away.</summary>
    [TestCase("$PWD/top", "Directory not empty", "")]
    [TestCase("/dev/shm/overlayfuse-kept", "Invalid cross-device link",
        "; set TMPDIR to a directory on the file system that is to keep them")]
    [TestCase("none/kept", "No such file or directory", "")]
    [TestCase("", "No such file or directory", "")]
    public void Hold_KeepThatCannotBe_SaysWhereTheChangesAre(string place, string reason, string remedy) =>
        Assert.That(Shell(Start + $$"""
            start --lower bottom; echo new > $view/new
            echo "keep {{place}}" >&9; wait $holder || echo $?
            cat tmp/overlayfuse-kept.*/new
            kept_by "keep {{place}}: {{reason}}" "{{remedy}}"
            rm -r tmp/*
            """), Is.EqualTo("125\nnew\n"));

    [Test]
    public void Hold_KeepWithAPathThatIsTooLong_SaysWhereTheChangesAre() =>
        Assert.That(Shell(Start + """
            start --lower bottom; echo new > $view/new
            echo "keep $(printf '%05000d' 0)" >&9; wait $holder || echo $?
            cat tmp/overlayfuse-kept.*/new
            grep -c ': File name too long; the changes are in ' said
            rm -r tmp/*
            """), Is.EqualTo("125\nnew\n1\n"));

    /// <summary>Nothing can be made or renamed beside the scratch directory, so it stays.</summary>
    [Test]
    public void Hold_KeepWhereNothingCanBeMade_LeavesTheChangesWhereTheyAre() =>
        Assert.That(Shell(Start + """
            close() { if [ $(id -u) = 0 ]; then chattr +i tmp; else chmod u-w tmp; fi; }
            open() { if [ $(id -u) = 0 ]; then chattr -i tmp; else chmod u+w tmp; fi; }
            trap 'open; rm -rf tmp/*' EXIT
            start --lower bottom; echo new > $view/new; close
            echo 'keep no/where' >&9; wait $holder || echo $?
            cat "$(sed -n 's/^.*the changes are in \(.*\) until the next overlayfuse run or hold: copy them now$/\1/p' said)/new"
            """), Is.EqualTo("125\nnew\n"));

    /// <summary>It is removed at the end, and the changes would go with it.</summary>
    [TestCase("$view")]
    [TestCase("$view/kept")]
    [TestCase("${view%/*}/upper")]
    [TestCase("link/kept")]
    public void Hold_KeepInTheSessionsOwnDirectory_SaysWhereTheChangesAre(string place) =>
        Assert.That(Shell(Start + $$"""
            start --lower bottom; echo new > $view/new
            ln -s ${view%/*} link
            echo "keep {{place}}" >&9; wait $holder || echo $?
            rm link; cat tmp/overlayfuse-kept.*/new; ls tmp | wc -l
            kept_by "keep {{place}}: lies in the session's own directory, which is removed"
            rm -r tmp/*
            """), Is.EqualTo("125\nnew\n1\n"));

    /// <summary>It may be a misspelt "keep".</summary>
    [TestCase("kep changes")]
    [TestCase("keep")]
    [TestCase("end ")]
    public void Hold_AnUnknownLine_LosesNothing(string line) =>
        Assert.That(Shell(Start + $$"""
            start --lower bottom; echo new > $view/new
            echo "{{line}}" >&9; wait $holder || echo $?
            cat tmp/overlayfuse-kept.*/new
            kept_by "{{line}}: unknown; write an empty line, end, or keep DIR"
            rm -r tmp/*
            """), Is.EqualTo("125\nnew\n"));

    [TestCase("--keep kept", "keep away", "keep away: --keep and --upper keep the changes already; leave this line out\n")]
    [TestCase("--keep kept", "kep", "kep: unknown; write an empty line, end, or keep DIR\n")]
    public void Hold_ALineThatMakesNoSense_IsRefused(string words, string line, string text) =>
        Assert.That(Shell(Start + $"""
            start --lower bottom {words}
            echo '{line}' >&9; wait $holder || echo $?
            cat said; rm -rf kept
            """), Is.EqualTo($"125\noverlayfuse: {text}"));

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
