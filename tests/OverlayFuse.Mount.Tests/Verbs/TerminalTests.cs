using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Cli;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>Colours and the line about a wait: on a terminal, which script(1) makes, and nowhere else.</summary>
internal sealed class TerminalTests
{
    /// <summary>What the program writes is a carriage return first; the reader of the output takes that for the end of a line.</summary>
    private const string Erase = "\n\e[K";

    /// <summary>On a busy machine some threads go on for a moment.</summary>
    private const string Stop = "kill -STOP $daemon; until ! grep -L ') T ' /proc/$daemon/task/*/stat | grep -q .; do sleep 0.02; done";

    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = new CliSandbox();

    [TearDown]
    public void RemoveSandbox()
    {
        Bash.Run($"for d in $(pgrep -f -- '{sandbox.MountPoint}'); do kill -CONT $d || true; done; "
            + $"umount -l '{sandbox.MountPoint}' || true");
        sandbox.Dispose();
    }

    [TestCase("doctor", "\e[32myes\e[0m")]
    [TestCase("layers nowhere", "\e[31moverlayfuse:\e[0m nowhere: ")]
    [TestCase("changes m", "\e[32mA\e[0m new")]
    public void Output_OnATerminal_HasColours(string words, string coloured)
    {
        Change();
        Assert.That(OnTerminal("TERM=xterm", words), Does.Contain(coloured));
    }

    [TestCase("TERM=xterm NO_COLOR=1", "doctor")]
    [TestCase("TERM=xterm NO_COLOR=1", "layers nowhere")]
    [TestCase("TERM=dumb", "doctor")]
    [TestCase("TERM=dumb", "changes m")]
    public void Output_OnATerminalWithoutColours_IsPlain(string variables, string words)
    {
        Change();
        Assert.That(OnTerminal(variables, words), Does.Not.Contain("\e[3").And.Not.Contain("\e[0m"));
    }

    /// <summary>Not even the commands for the keypad, which the runtime's own streams send.</summary>
    [TestCase("doctor")]
    [TestCase("changes m")]
    [TestCase("layers nowhere")]
    [TestCase("list")]
    [TestCase("--help")]
    [TestCase("--version")]
    [TestCase("run --help")]
    [TestCase("completion --help")]
    public void Output_OnATerminalThatWantsNoColours_HasNoCommands(string words)
    {
        Change();
        Assert.That(OnTerminal("TERM=xterm NO_COLOR=1", words), Is.Not.Empty.And.Not.Contain("\e"));
    }

    [TestCase("doctor")]
    [TestCase("changes m")]
    [TestCase("layers nowhere")]
    public void Output_IntoAPipe_IsPlain(string words)
    {
        Change();
        Assert.That(Bash.Run($"{{ TERM=xterm '{Overlayfuse.Path}' {words} 2>&1 || true; }} | cat", sandbox.Root), Does.Not.Contain("\e"));
    }

    /// <summary>The daemon is stopped for five seconds.</summary>
    [TestCase("layers m", "m: waits for its daemon (1 s)")]
    public void Wait_OnATerminal_ShowsALineAndErasesIt(string words, string line)
    {
        Change();
        string shown = OnTerminal("TERM=xterm", words, Stopped);
        Assert.That(shown, Does.Contain($"{Erase}overlayfuse: {line}"));
        Assert.That(shown[(shown.LastIndexOf(Erase, StringComparison.Ordinal) + Erase.Length)..], Does.Not.Contain("waits for"));
    }

    [TestCase("TERM=dumb", "layers m")]
    public void Wait_OnATerminalThatCannotErase_ShowsNoLine(string variables, string words)
    {
        Change();
        Assert.That(OnTerminal(variables, words, Stopped), Does.Not.Contain("waits for").And.Not.Contain("\e"));
    }

    [Test]
    public void Wait_WithoutATerminal_ShowsNoLine()
    {
        Change();
        Assert.That(Bash.Run($"{Stopped} TERM=xterm '{Overlayfuse.Path}' layers m 2>&1 | cat", sandbox.Root),
            Is.EqualTo($"upper {sandbox.PathOf("u")}\nlower {sandbox.PathOf("a")}\nlower {sandbox.PathOf("b")}\n"));
    }

    /// <summary>The command stops its own daemon as its last act.</summary>
    [Test]
    public void Run_WhoseDaemonIsLate_ShowsALineAndErasesIt()
    {
        File.WriteAllText(sandbox.PathOf("late"), $"""
            daemon=$(pgrep -x -P $PPID overlayfuse)
            {Stop}
            (sleep 5; kill -CONT $daemon) >/dev/null 2>&1 </dev/null &
            """);
        string shown = OnTerminal("TERM=xterm", $"run --keep kept --lower a -- bash {sandbox.PathOf("late")}");
        Assert.That(shown, Does.Contain($"{Erase}overlayfuse: the daemon completes the upper (1 s)").And.EndWith(Erase + "\n"));
    }

    /// <summary>The pattern begins with the program, so it does not name the shell that holds it.</summary>
    private string Stopped =>
        $"daemon=$(pgrep -f -- '^{Overlayfuse.Path} -o {CliSandbox.Writable} {sandbox.MountPoint}'); "
        + $"{Stop}; (sleep 5; kill -CONT $daemon) & ";

    private void Change()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        File.WriteAllText(Path.Combine(sandbox.MountPoint, "new"), "");
    }

    /// <summary>What a terminal gets.</summary>
    private string OnTerminal(string variables, string words, string before = "") =>
        Bash.Run($"{before} env -u NO_COLOR {variables} script -qec \"'{Overlayfuse.Path}' {words}\" /dev/null </dev/null || true; wait",
            sandbox.Root);
}
