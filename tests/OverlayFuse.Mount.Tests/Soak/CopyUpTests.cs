using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Soak;

/// <summary>Copy-ups that are interrupted, that run out of space, that many want at once.</summary>
[TestFixture]
internal sealed class CopyUpTests : AppTest
{
    private const string Names = "find . | sort";

    [Test, Category("Soak")]
    public void Kill_DuringCopyUp_KernelFindsOldOrNewContentNeverHalf(
        [Values(2, 5, 10, 20, 40, 60, 80, 120, 160, 240, 320, 500, 800)] int milliseconds)
    {
        string lower = MakeLower("big", megabytes: 200);
        string old = Bash.Run("sha256sum < big", lower), appended = Bash.Run("{ cat big; echo NEW; } | sha256sum", lower);
        using MergedView view = MergedView.OverIncrementally(Sandbox, lower);

        using (BackgroundScript.Start("echo NEW >> big", view.Root))
        {
            Thread.Sleep(milliseconds);
            DaemonProcess.Signal(view.Daemons, Signum.SIGKILL);
            DaemonProcess.AssertEnded(view.Daemons, "SIGKILL");
        }
        view.Dispose();

        using (KernelOverlay.Mount(view.Options, view.Root)) AssertOldOrNew(view.Root, old, appended);
        using MergedView again = MergedView.OverIncrementally(Sandbox, lower);
        AssertOldOrNew(again.Root, old, appended);
        Assert.That(Bash.Run("find . -mindepth 2", again.Work), Is.Empty, "what the killed daemon left in the work directory");
        again.AssertLowersUntouched();
    }

    [Test, Category("Apps")]
    public void OpenForWriting_UpperFull_NoSpaceAndNothingLeft()
    {
        string lower = MakeLower("big", megabytes: 48);
        Bash.Run("mkdir d; head -c 1M /dev/urandom > d/small", lower);
        string sum = Bash.Run("sha256sum < big", lower);
        using MergedView view = MergedView.OnDisk(Sandbox, Sandbox.MakeFileSystem("ext4", 32), lower);
        string free = FreeBlocks(view);

        ToolResult result = Bash.Try("echo more >> big", view.Root);

        Assert.Multiple(() =>
        {
            Assert.That(result.ExitCode, Is.Not.Zero);
            Assert.That(result.Error, Does.Contain("No space left on device"));
            Assert.That(view.Run("sha256sum < big"), Is.EqualTo(sum), "the file, still in the lower layer");
            Assert.That(Bash.Run("ls -A", view.Upper), Is.Empty, "upper layer");
            Assert.That(Bash.Run("find . -mindepth 2", view.Work), Is.Empty, "work directory");
            Assert.That(FreeBlocks(view), Is.EqualTo(free), "free blocks of the upper's disk");
        });
        view.Run("echo more >> d/small\nchmod 600 d/small\nmkdir new");
        Assert.That(Bash.Try("truncate -s 10 big; test $(stat -c %s big) = 10 || exit 9", view.Root).ExitCode, Is.Not.EqualTo(9),
            "a truncation that succeeded or failed, not half");
        view.AssertLowersUntouched();
    }

    /// <summary>O_TRUNC needs none of the old data: it must succeed where a copy of it would not fit.</summary>
    [Test, Category("Apps")]
    public void OpenTruncating_UpperTooSmallForTheOldData_Succeeds()
    {
        using MergedView view = MergedView.OnDisk(Sandbox, Sandbox.MakeFileSystem("ext4", 32), MakeLower("big", megabytes: 48));

        view.Run("echo replaced > big");

        Assert.That(view.Run("cat big"), Is.EqualTo("replaced\n"));
        view.AssertLowersUntouched();
    }

    [Test, Category("Apps")]
    public void Append_OneLowerFileByManyProcesses_EveryLineThereOnce([Values(1, 30)] int megabytes)
    {
        const int Processes = 24;
        string lower = MakeLower("log", megabytes);
        string old = Bash.Run("sha256sum < log", lower);
        using MergedView view = MergedView.OverIncrementally(Sandbox, lower);

        view.Run($"""
            pids=
            for i in $(seq {Processes}); do (until [ -e go ]; do :; done; echo "line $i" >> log) & pids="$pids $!"; done
            touch go
            for pid in $pids; do wait $pid; done
            """);

        string expected = string.Join('\n', Enumerable.Range(1, Processes).Select(i => $"line {i}").Order(StringComparer.Ordinal)) + "\n";
        Assert.Multiple(() =>
        {
            Assert.That(view.Run($"tail -c +{(megabytes << 20) + 1} log | LC_ALL=C sort"), Is.EqualTo(expected));
            Assert.That(view.Run($"head -c {megabytes}M log | sha256sum"), Is.EqualTo(old));
            Assert.That(Bash.Run("find . -mindepth 2", view.Work), Is.Empty, "work directory");
        });
        view.AssertLowersUntouched();
    }

    /// <summary>Many processes change many files of one lower directory, which itself must be copied up first.</summary>
    [Test, Category("Apps")]
    public void ChangeEveryFile_OfADeepLowerTreeByManyProcesses_TreeIsAsOnTheBareDisk()
    {
        string lower = Sandbox.MakeDirectory("lower"), bare = Sandbox.MakeDirectory("bare");
        Bash.Run("mkdir -p a/b/c/d/e; for i in $(seq 400); do echo $i > a/b/c/d/e/f$i; done", lower);
        Bash.Run($"cp -a {lower}/. {bare}");
        using MergedView view = MergedView.OverIncrementally(Sandbox, lower);
        const string Change = """
            change() {
                for i in $(seq "$1" 8 400); do
                    case $((i / 8 % 5)) in
                        0) echo changed >> f$i ;;
                        1) chmod 600 f$i ;;
                        2) mv f$i moved-$i ;;
                        3) rm f$i; echo new > f$i ;;
                        4) ln f$i link-$i; rm f$i ;;
                    esac
                done
            }
            cd a/b/c/d/e
            pids=
            for writer in $(seq 8); do change $writer & pids="$pids $!"; done
            for pid in $pids; do wait $pid; done
            find . -exec touch -h -d 2020-01-01 {} +
            """;

        view.Run(Change);
        Bash.Run(Change, bare);

        TreeManifest.AssertSame(TreeManifest.OfContent(view.Root), TreeManifest.OfContent(bare), "tree after the changes");
        view.AssertLowersUntouched();
    }

    private static void AssertOldOrNew(string root, string old, string appended)
    {
        Assert.That(Bash.Run("sha256sum < big", root), Is.EqualTo(old).Or.EqualTo(appended));
        Assert.That(Bash.Run(Names, root), Is.EqualTo(".\n./big\n"));
    }

    private static string FreeBlocks(MergedView view) => Bash.Run("sync -f .\nstat -f -c '%f %d' .", view.Upper);

    private string MakeLower(string name, int megabytes)
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run($"head -c {megabytes}M /dev/urandom > {name}", lower);
        return lower;
    }
}
