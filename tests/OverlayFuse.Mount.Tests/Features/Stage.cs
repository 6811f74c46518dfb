using System.ComponentModel;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Soak;

namespace OverlayFuse.Mount.Tests.Features;

/// <summary>
/// Where a row's body runs: lower layers <c>a</c> over <c>b</c>, upper <c>u</c>, work <c>w</c>, mountpoint <c>m</c> in a directory of their
/// own, and one program. A program that hangs or dies fails a point; Dispose leaves nothing of it.
/// </summary>
internal sealed partial class Stage : IDisposable
{
    /// <summary>A guard against hangs: no script here needs a tenth of it.</summary>
    private const int ScriptSeconds = 30, HangSeconds = 90, KillAfterMilliseconds = 40;

    /// <summary>not CMD: CMD must fail. says TEXT CMD: and its errors must have TEXT. ren A B: rename(2). is A B: equal texts.</summary>
    private static readonly string Prelude = $$"""
        export LC_ALL=C PATH={{Path.GetDirectoryName(ProgramUnderTest.Path)}}:$PATH
        umask 022
        not() { if "$@"; then return 1; fi; }
        says() { local text=$1 out; shift; if out=$("$@" 2>&1); then echo "succeeded: $*" >&2; return 1; fi
            [[ $out == *"$text"* ]] || { echo "$out" >&2; return 1; }; }
        ren() { perl -e 'rename($ARGV[0], $ARGV[1]) or die "$!\n"' "$1" "$2"; }
        is() { [[ "$1" == "$2" ]] || { echo "is '$1', not '$2'" >&2; return 1; }; }

        """;

    private readonly Sandbox sandbox = Sandbox.OnDisk();
    private readonly List<string> failures = [];
    private readonly Timer watchdog;
    private string atEnd = "";
    private int held;

    public Stage(OverlayProgram program)
    {
        Program = program;
        Root = sandbox.Root;
        MakeDirectories();
        watchdog = new Timer(_ => KillDaemons(), null, HangSeconds * 1000, Timeout.Infinite);
    }

    public OverlayProgram Program { get; }

    /// <summary>The directory that scripts run in.</summary>
    public string Root { get; private set; }

    public bool IsKernel => Program == OverlayProgram.Kernel;

    /// <summary>Runs a body: no point held is No, all is Yes.</summary>
    public Verdict Judge(Action<Stage> body)
    {
        try
        {
            body(this);
        }
        catch (NotApplicableException e)
        {
            return new Verdict(Answer.NotApplicable, [e.Message]);
        }
        catch (Exception e) when (e is MissingFeatureException or Win32Exception or IOException or UnauthorizedAccessException)
        {
            failures.Add(e.Message);
        }
        if (held + failures.Count == 0) throw new InvalidOperationException("the body made no point");
        return new Verdict(failures.Count == 0 ? Answer.Yes : held == 0 ? Answer.No : Answer.Partly, failures);
    }

    /// <summary>Prepares layers; what fails here is the row's mistake.</summary>
    public void Build(string script)
    {
        if (Try(script) is { ExitCode: not 0 } result) throw new InvalidOperationException($"{script}\n{result.Output}{result.Error}");
    }

    /// <summary>A point of the rule: holds when the script exits 0.</summary>
    public void Point(string script)
    {
        ToolResult result = Try(script);
        Note(result.ExitCode == 0, $"{script.Trim()}: exit {result.ExitCode} {result.Error.Trim()}");
    }

    public void Point(string what, bool holds) => Note(holds, what);

    /// <summary>A step without which the rest has no meaning.</summary>
    public void Do(string script)
    {
        if (Try(script) is { ExitCode: not 0 } result)
            throw new MissingFeatureException($"{script.Trim()}: exit {result.ExitCode} {result.Error.Trim()}");
    }

    public ToolResult Try(string script) => Bash.Try(Prelude + script, Root, ScriptSeconds);

    /// <summary>Starts a script, and kills the program's processes a moment later; what the script says is lost.</summary>
    public void KillDuring(string script)
    {
        using BackgroundScript running = BackgroundScript.Start(Prelude + script, Root);
        Thread.Sleep(KillAfterMilliseconds);
        SignalDaemons(Signum.SIGKILL);
        running.Wait(ScriptSeconds);
        Unmount();
    }

    public void SignalDaemons(Signum signal)
    {
        foreach (int pid in Daemons()) _ = Syscall.kill(pid, signal);
    }

    /// <summary>A script that runs before all is removed.</summary>
    public void AtEnd(string script) => atEnd += script + "\n";

    /// <summary>Ends the row: what it asks has no meaning for this program.</summary>
    public static void NotApplicable(string why) => throw new NotApplicableException(why);

    public void Dispose()
    {
        CloseAll();
        if (atEnd.Length > 0) Try("set +e\n" + atEnd);
        List<int> daemons = Daemons();
        foreach (string mountpoint in MountTable.Below(sandbox.Root)) _ = Libc.umount2(Libc.Bytes(mountpoint), Libc.MNT_DETACH);
        if (!SpinWait.SpinUntil(() => !daemons.Any(DaemonProcess.Runs), 5000)) KillDaemons();
        watchdog.Dispose();
        sandbox.Dispose();
    }

    private void Note(bool holds, string what)
    {
        if (holds) held++;
        else failures.Add(what);
    }

    private void MakeDirectories()
    {
        foreach (string name in new[] { "a", "b", "u", "w", "m" }) Directory.CreateDirectory(Root + "/" + name);
    }

    /// <summary>Processes that were given a mountpoint below this stage.</summary>
    private List<int> Daemons() => IsKernel ? [] : DaemonProcess.Of(Root + "/m", Root + "/m2");

    /// <summary>The end of the last holder of /dev/fuse aborts what waits for it.</summary>
    private void KillDaemons() => SignalDaemons(Signum.SIGKILL);
}

/// <summary>The program has not what the row asks for; the rest of the body has no meaning.</summary>
internal sealed class MissingFeatureException(string message) : Exception(message);

/// <summary>The row has no meaning for the program.</summary>
internal sealed class NotApplicableException(string message) : Exception(message);
