using System.Globalization;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Run;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>
/// What the caller hands on without meaning to: signals, limits, open files, and what it means: descriptors that the words name.
/// </summary>
[TestFixture, Category("Run")]
internal sealed class CallerTests() : RunTest(Runner.Root)
{
    /// <summary>Ends with each mount gone, and the upper with it.</summary>
    private const string Setup = """
        mkdir upper work
        trap 'umount view 2>/dev/null || umount -l view 2>/dev/null || true; rm -rf upper work' EXIT
        O=lowerdir=top:bottom,upperdir=upper,workdir=work
        daemon() { pgrep -f -- "^$P .*[v]iew" | head -1; }
        gone() { for i in $(seq 500); do grep -q " $PWD/view " /proc/self/mounts || return 0; sleep 0.02; done; return 1; }
        ended() { for i in $(seq 500); do [ -e /proc/$1 ] || return 0; sleep 0.02; done; return 1; }

        """;

    private static IEnumerable<int> Ignored() => [10, 12, 26, 27, 29, 16, 32, 33, 34, 35, 40, 42, 50, 64];

    /// <summary>USR1, USR2, VTALRM, PROF, IO, STKFLT and realtime signals, those of glibc and the runtime among them.</summary>
    [TestCaseSource(nameof(Ignored))]
    public void Signal_ThatAsksForNothing_LeavesTheMountAlive(int signal)
    {
        string number = signal.ToString(CultureInfo.InvariantCulture);
        Assert.That(Shell(Setup
            + $"$P -o $O view; kill -{number} $(daemon); sleep 0.1; cat view/other; kill -{number} $(daemon); cat view/file"),
            Is.EqualTo("of the top\nof the bottom\n"));
    }

    /// <summary>The mount may be in use: nobody finds a dead one.</summary>
    [TestCase("QUIT")]
    [TestCase("ALRM")]
    [TestCase("XCPU")]
    [TestCase("PWR")]
    [TestCase("TERM")]
    public void Signal_ThatAsksForTheEnd_UnmountsAndLosesNothing(string signal) =>
        Assert.That(Shell(Setup
            + $"$P -o $O view; echo new > view/new; id=$(daemon); kill -{signal} $id; gone; ended $id; cat upper/new; ls view"),
            Is.EqualTo("new\n"));

    [Test]
    public void Signal_IgnoredOrBlockedByTheCaller_StaysSoOnlyIfIgnored() =>
        Assert.That(
            Shell(Setup + """
                nohup $P -f -o $O view 2>/dev/null >&2 & id=$!
                until mountpoint -q view; do sleep 0.02; done
                kill -HUP $id; sleep 0.1; cat view/other
                kill -TERM $id; wait $id; gone
                env --block-signal=TERM,CHLD --ignore-signal=CHLD $P -o $O view; kill -TERM $(daemon); gone; ls view
                """),
            Is.EqualTo("of the top\n"));

    /// <summary>
    /// A signal may come when the cgroup, or here the user, has no room for one more thread: in the first second, and later, when a
    /// thread waits for it.
    /// </summary>
    [Test]
    public void Signal_WhenNoThreadCanBeMade_LosesNothing(
        [Values("0", "1.5")] string age, [Values("io=stateless", "writeback=1")] string mode)
    {
        Tool.Run("chown", User.Name + ":", Home);
        ToolResult result = User.Try($$"""
            mkdir -p upper work view
            unshare -Urm --propagation private bash -euc '
                {{Program}} -f -o {{mode}},lowerdir=bottom,upperdir=upper,workdir=work view 2> log & id=$!
                await() { for _ in $(seq 1000); do "$@" && return 0; sleep 0.02; done; return 1; }
                await mountpoint -q view
                exec 3> view/new; echo new >&3; sleep {{age}}
                prlimit --pid $id --nproc=1:1
                kill -USR1 $id; await [ -s log ]
                exec 3>&-; kill -TERM $id; wait $id; echo end $?; wc -l < log'
            cat upper/new; ls view; rm -rf upper work log
            """, Home);
        Assert.That((result.Output, result.Error), Is.EqualTo(("end 0\n1\nnew\n", "")));
    }

    [Test]
    public void Usr1_InTheForeground_PrintsStatistics() =>
        Assert.That(
            Shell(Setup + """
                $P -f -o $O view 2> tmp/log & id=$!
                until mountpoint -q view; do sleep 0.02; done
                chmod 700 view/file
                for line in 1 2; do kill -USR1 $id; until [ $(wc -l < tmp/log) = $line ]; do sleep 0.02; done; done
                cat view/other; kill $id; wait $id
                sed 's/[0-9.]* MB/N MB/; s/up [0-9smhd]*/up N/' tmp/log; rm tmp/log
                """),
            Is.EqualTo(string.Concat(Enumerable.Repeat($"overlayfuse: {Home}/view: 3 layers, 2 inodes, 1 copied up, N MB, up N\n", 2))
                .Insert(0, "of the top\n")));

    /// <summary>
    /// A path may hold "/fd/N", and a command's words are its own: the daemon's descriptors have such numbers, those that hold the upper
    /// among them.
    /// </summary>
    [Test]
    public void Words_WithNumbersOfDescriptorsThatAreNotOpen_CloseNothing() =>
        Assert.That(
            Shell(Setup + """
                for n in $(seq 5 30); do mkdir -p fd/$n; layers=${layers:-}:$PWD/fd/$n; done; echo low > fd/7/low
                $P -o lowerdir=${layers#:},upperdir=upper,workdir=work view; cat view/low; echo new >> view/low; cat upper/low
                mkdir again; ! $P -o lowerdir=top,upperdir=upper,workdir=work again 2>/dev/null; rmdir again; rm -r fd
                $P run --lower bottom -- sh -c 'cat bottom/file; : /dev/fd/9 /dev/fd/12 /dev/fd/15'
                """),
            Is.EqualTo("low\nlow\nnew\nof the bottom\n"));

    [Test]
    public void Run_UnderAnyDispositions_GivesTheCommandThoseOfItsCaller()
    {
        const string look = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; ulimit -a";
        string limits = "ulimit -Sf 4000; ulimit -Sn 500; ulimit -Sv 4000000; trap '' USR2 ALRM; ";
        Assert.That(Shell($"{limits} $P run --lower bottom -- bash -c \"{look}\""), Is.EqualTo(Shell($"{limits} bash -c \"{look}\"")));
    }

    [Test]
    public void FileSizeLimit_OfTheCaller_BindsNobodyElse() =>
        Assert.That(
            Shell(Setup
                + "head -c 300000 /dev/zero > top/big; (ulimit -Sf 100; $P -o $O view); echo x >> view/big; stat -c %s view/big; "
                + "rm top/big; cp upper/big view/more; stat -c %s view/more"),
            Is.EqualTo("300002\n300002\n"));

    /// <summary>Only root may raise a hard limit; an ordinary user is told.</summary>
    [Test]
    public void FileSizeLimit_HardOfAnOrdinaryUser_IsSaid()
    {
        Tool.Run("chown", User.Name + ":", Home);
        ToolResult result = User.Try($"ulimit -f 100; {Program} run --lower bottom -- cat bottom/file", Home);
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((0, "of the bottom\n")));
        Assert.That(result.Error, Does.Contain("(ulimit -Hf)").And.Contain("beyond 102400 bytes"));
    }

    private static IEnumerable<string> SmallLimits() =>
        from limit in new[] { "v 30000", "v 60000", "v 80000", "v 95000", "v 99000", "d 3000", "d 10000", "d 20000", "d 35000", "d 45000",
            "n 4", "n 6", "n 10", "n 40", "n 64", "s 64", "s 200" }
        select limit;

    /// <summary>A refusal in one line, or a mount that works: no signal, no stack trace, no dead mount.</summary>
    [TestCaseSource(nameof(SmallLimits))]
    public void Limit_ThatIsSmall_IsRefusedInOneLineOrEnough(string limit)
    {
        string script = $"(ulimit -{limit}; exec $P -o $O view) 2> tmp/said >&2 && status=0 || status=$?\n";
        const string use = """
            if [ $status = 0 ]; then
                mkdir view/d; echo a > view/d/f; for i in 1 2 3 4 5 6; do cat view/*/* > /dev/null & done; wait; cat view/d/f
            fi
            echo $status $(wc -l < tmp/said); cat tmp/said; rm tmp/said
            ! grep -q " $PWD/view " /proc/self/mounts || [ $status = 0 ]
            """;
        string output = Shell(Setup + script + use);
        Assert.That(output,
            Is.EqualTo("a\n0 0\n").Or.Match(@"^1 1\noverlayfuse: [^\n]*ulimit -|^1 1\noverlayfuse: cannot go to the background"));
    }

    [Test]
    public void Processes_TooFew_AreRefusedInOneLine()
    {
        Tool.Run("chown", User.Name + ":", Home);
        for (int most = 2; most < 9; most++)
        {
            ToolResult result = User.Try(string.Create(CultureInfo.InvariantCulture,
                $"ulimit -u {most}; exec {Program} -f -o lowerdir=bottom view"), Home);
            Assert.That(result.ExitCode, Is.EqualTo(1), result.Error);
            Assert.That(result.Error, Does.Match("^overlayfuse: [^\n]*ulimit -u[^\n]*\n$"));
        }
    }

    /// <summary>
    /// Whoever waits for the end of a pipe (make -j, bats) must see it; in the foreground a supervisor passes descriptors on purpose.
    /// </summary>
    [Test]
    public void Descriptors_OfTheCaller_AreClosedInTheBackgroundOnly([Values] bool hasCloseRange)
    {
        Tool.Run("gcc", "-O", "-o", Home + "/tmp/refuse",
            Path.Combine(ProgramUnderTest.Repository, "tests", "OverlayFuse.Mount.Tests", "Verbs", "refuse.c"));
        string wrap = hasCloseRange ? "" : "tmp/refuse 436 1 ";
        string output = Shell(Setup + $$"""
            mkfifo tmp/pipe; exec 4<> tmp/pipe
            open() { ls -l /proc/$(daemon)/fd | grep -c 'tmp/pipe$' || true; }
            {{wrap}}$P -o $O view 5>&4 9>&4 300>&4
            open; umount view; gone
            {{wrap}}$P -f -o $O view 5>&4 & id=$!
            until mountpoint -q view; do sleep 0.02; done
            open; umount view; wait $id
            rm tmp/refuse tmp/pipe
            """);
        Assert.That(output, Is.EqualTo("0\n2\n"), "4 and 5 in the foreground");
    }

    /// <summary>Standard input and outputs are the caller's while the session lasts, nothing else.</summary>
    [Test]
    public void Descriptors_OfARun_AreTheCommandsAlone() =>
        Assert.That(
            Shell("mkfifo tmp/pipe; $P run --lower bottom -- bash -c 'for id in self $(pgrep -P $PPID | head -1); do ls -l /proc/$id/fd | "
                + "grep -c tmp/pipe$ || true; done' 9<> tmp/pipe; rm tmp/pipe"),
            Is.EqualTo("1\n0\n"));

    [Test]
    public void Descriptors_NamedByTheWords_AreLayersAndLists() =>
        Assert.That(
            Shell(Setup + """
                exec 7< bottom 8< top
                $P -o lowerdir=/dev/fd/8:/proc/self/fd/7,upperdir=upper,workdir=work view; cat view/other view/file
                ls -l /proc/$(daemon)/fd | grep -cE ' [78] -> .*(bottom|top)$' || true
                umount view; gone
                printf '%s\n' $PWD/top $PWD/bottom > tmp/list
                $P -o layers_file=<(cat tmp/list) view; cat view/other; umount view; gone; rm tmp/list
                exec 6< view; $P -o lowerdir=top /dev/fd/6; cat view/other; exec 6<&-
                """),
            Is.EqualTo("of the top\nof the bottom\n0\nof the top\nof the top\n"));

    [TestCase("-f")]
    [TestCase("")]
    public void DevFuse_MountedByTheCaller_IsServed(string foreground)
    {
        CompileMounted();
        string output = Shell(Setup + $$"""
            tmp/mounted $PWD/view ,allow_other,default_permissions \
                $P {{foreground}} -o lowerdir=top:bottom,upperdir=upper,workdir=work @ {{(foreground.Length > 0 ? "& id=$!" : "")}}
            timeout 20 sh -c 'cat view/other; echo new > view/new; cat upper/new; ls /proc/self/fd > /dev/null'
            umount view; rm tmp/mounted
            {{(foreground.Length > 0 ? "wait $id; echo $?" : "")}}
            """);
        Assert.That(output, Is.EqualTo("of the top\nnew\n" + (foreground.Length > 0 ? "0\n" : "")));
    }

    /// <summary>Without default_permissions everybody could read everything; the kernel checks all the same, as it has the ACLs.</summary>
    [Test]
    public void DevFuse_MountedWithoutChecks_IsCheckedOrRefused()
    {
        CompileMounted();
        string output = Shell(Setup + """
            serve() { tmp/mounted "$1" ,allow_other $P -o $O$2 @ 2>&1 || echo status $?; }
            serve $PWD/view ''; install -m 600 /dev/null view/secret
            setpriv --reuid 1234 --clear-groups cat view/secret 2>&1 || true
            umount view; gone
            serve $PWD/view ,noacl; umount view; serve $PWD/view ,ro; umount view; serve '' ''; rm tmp/mounted
            """);
        Assert.That(output,
            Does.Match(@"^cat: view/secret: Permission denied\noverlayfuse: option noacl: [^\n]*\nstatus 2\n"
                + @"overlayfuse: option ro: [^\n]*\nstatus 2\noverlayfuse: /dev/fd/\d+: /dev/fuse is open there, but not mounted[^\n]*\n"
                + @"status 1\n$"));
    }

    [Test]
    public void Source_OfNothing_IsTheDefault() =>
        Assert.That(Shell(Setup
            + "$P -o $O '' view; grep -o \"^[^ ]* $PWD/view\" /proc/self/mounts; umount view; gone; "
            + "PATH=${P%/*}:$PATH mount.fuse3 overlayfuse# view -o lowerdir=$PWD/top; cat view/other"),
            Is.EqualTo($"overlayfuse {Home}/view\nof the top\n"));

    private void CompileMounted() => Tool.Run(
        "gcc", "-O", "-Wall", "-Wextra", "-Werror", "-o", Home + "/tmp/mounted",
        Path.Combine(ProgramUnderTest.Repository, "tests", "OverlayFuse.Mount.Tests", "Cli", "mounted.c"));
}
