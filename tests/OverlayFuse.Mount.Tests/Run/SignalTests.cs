using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Run;

/// <summary>Signals, terminals, and what is left when a party is killed.</summary>
[TestFixture(Runner.Root), TestFixture(Runner.User), Category("Run")]
internal sealed class SignalTests(Runner runner) : RunTest(runner)
{
    /// <summary>
    /// Starts a session whose command makes "ready" when it is there; then $supervisor, $daemon and $command are known. A shell ignores INT
    /// and QUIT for what it starts in the background: env gives them back.
    /// </summary>
    private const string Start = """
        start() {
            rm -f ready
            env --default-signal "$P" run --lower bottom "${@:2}" -- bash -c "$1" &
            supervisor=$!
            until [ -s ready ]; do sleep 0.02; done
            command=$(cat ready)
            daemon=$(pgrep -P $supervisor | grep -vx $command)
        }
        sleeping='echo $$ > ready; mkdir bottom/new; exec sleep 1000'

        """;

    [Test]
    public void Signal_ToTheProgram_ReachesTheCommand([Values("INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "WINCH", "ALRM")] string signal)
    {
        string output = Shell(Start + $$"""
            start 'trap "echo got; exit 3" {{signal}}; echo $$ > ready; while sleep 0.05; do :; done'
            kill -{{signal}} $supervisor
            wait $supervisor || echo $?
            """);
        Assert.That(output, Is.EqualTo("got\n3\n"));
    }

    [Test]
    public void Signal_ThatEndsTheCommand_IsTheExitStatus() =>
        Assert.That(Shell(Start + "start \"$sleeping\"\nkill -TERM $supervisor\nwait $supervisor || echo $?"), Is.EqualTo("143\n"));

    [Test]
    public void Stop_ByJobControl_StopsBothAndContinuesBoth()
    {
        string output = Shell(Start + """
            state() { until [ "$(ps -o stat= -p $1 | cut -c1)" = $2 ]; do sleep 0.02; done; echo $3 $2; }
            start "$sleeping"
            kill -TSTP $supervisor
            state $command T command
            state $supervisor T supervisor
            kill -CONT $supervisor
            state $command S command
            state $supervisor S supervisor
            kill -TERM $supervisor
            wait $supervisor || echo $?
            """);
        Assert.That(output, Is.EqualTo("command T\nsupervisor T\ncommand S\nsupervisor S\n143\n"));
    }

    /// <summary>Ctrl-C of a terminal goes to the group: the command gets it once, the daemon never.</summary>
    [Test]
    public void Interrupt_FromATerminal_IsTheCommandsAlone()
    {
        string output = Shell("""
            cat > inner <<'END'
            trap 'n=$((n+1))' INT; n=0
            tty >/dev/null && echo terminal
            touch ready
            until [ -e pressed ]; do sleep 0.05; done
            sleep 0.3
            echo interrupts $n; cat bottom/file
            END
            mkfifo keys
            env --default-signal script -qec "exec $P run --lower bottom -- bash inner" /dev/null < keys > seen &
            exec 3> keys
            until [ -e ready ]; do sleep 0.02; done
            printf '\003' >&3
            sleep 0.3
            touch pressed
            wait $!
            tr -d '\r' < seen
            """);
        Assert.That(output, Does.Contain("terminal\n").And.Contain("interrupts 1\nof the bottom\n"));
    }

    [Test]
    public void Run_WithoutTerminalAndInput_Works() =>
        Assert.That(Shell("setsid -w $P run --lower bottom -- cat bottom/file <&-; setsid -w $P run --lower bottom -- true <&- >&- 2>&-"),
            Is.EqualTo("of the bottom\n"));

    [Test]
    public void Run_WithItsOutputInAPipe_EndsThePipe() =>
        Assert.That(Shell("$P run --lower bottom -- cat bottom/file 2>&1 | cat"), Is.EqualTo("of the bottom\n"));

    [Test]
    public void Kill_OfTheSupervisor_EndsCommandAndDaemonAndCleansUp() =>
        Shell(Start + """
            start "$sleeping"
            kill -KILL $supervisor
            while [ -e /proc/$command ] || [ -e /proc/$daemon ]; do sleep 0.02; done
            """);

    [Test]
    public void Kill_OfTheDaemon_EndsTheCommandAndSaysSo()
    {
        ToolResult result = Try(Start + "start \"$sleeping\"\nkill -KILL $daemon\nwait $supervisor || echo $?\ntest ! -e /proc/$command");
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((0, "125\n")));
        Assert.That(result.Error, Does.Contain("the daemon was killed by signal 9, and its view is gone; the command is ended"));
    }

    [Test]
    public void Kill_OfTheCommand_IsTheExitStatus() =>
        Assert.That(Shell(Start + "start \"$sleeping\"\nkill -KILL $command\nwait $supervisor || echo $?"), Is.EqualTo("137\n"));

    [Test]
    public void Kill_OfSupervisorAndDaemon_IsSweptByTheNextRun()
    {
        Shell(Start + """
            start "$sleeping"
            kill -STOP $daemon
            kill -KILL $supervisor $daemon
            while [ -e /proc/$command ]; do sleep 0.02; done
            """);
        Assert.That(Left(), Has.Length.EqualTo(1), "left by two dead processes");

        Shell("$P run --lower bottom -- ls -A tmp | grep -c overlayfuse-run | grep -qx 1");
    }

    [Test]
    public void Sweep_BesideALiveSession_LeavesItAlone()
    {
        string output = Shell(Start + """
            start 'echo 1 > bottom/mine; echo $$ > ready; until [ -e go ]; do sleep 0.02; done; cat bottom/mine'
            $P run --lower bottom -- ls bottom
            touch go
            wait $supervisor
            """);
        Assert.That(output, Is.EqualTo("file\ngone\nother\nsub\n1\n"));
    }

    /// <summary>What the command left in the background loses the view with it; it does not hold up the end.</summary>
    [Test]
    public void Background_OfTheCommand_LosesTheViewAndDelaysNothing()
    {
        string output = Shell("""
            export HERE=$PWD
            $P run --lower bottom -- \
                bash -c 'cd bottom; { until [ -e $HERE/go ]; do sleep 0.02; done; cat sub/file 2>$HERE/error
                    touch $HERE/done; } & exec true'
            echo ended
            touch go
            until [ -e done ]; do sleep 0.02; done
            grep -o 'not connected' error
            """);
        Assert.That(output, Is.EqualTo("ended\nnot connected\n"));
    }
}
