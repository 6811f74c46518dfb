using System.Globalization;
using OverlayFuse.Mount.Tests.Run;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>
/// Apptainer as it is with its FUSE programs: started with -f, it looks for the mount every 25 ms and gives up after two seconds; it shows
/// each line of stderr to the user; half a second after its umount2(2) it kills who has not ended. An ordinary user's are started in a user
/// namespace, by his own
/// id and with CAP_SYS_ADMIN as ambient capability.
/// </summary>
[TestFixture(Runner.Root), TestFixture(Runner.User), Category("Run")]
internal sealed class ApptainerTests(Runner runner) : RunTest(runner)
{
    private const double LiveWithin = 2.0, GoneWithin = 0.5;

    /// <summary>The limits are Apptainer's; a machine that stood still meanwhile has two more tries.</summary>
    private const int Tries = 3;

    /// <summary>busybox' umount makes the system call and no checks of its own. Says how long it took until live, and until gone.</summary>
    private const string Play = """
        cat > play <<'END'
        since() { awk "BEGIN { print $EPOCHREALTIME - $1 }"; }
        start=$EPOCHREALTIME
        $P -f -o lowerdir=$PWD/top:$PWD/bottom,upperdir=$PWD/upper,workdir=$PWD/work $PWD/view > said 2>&1 &
        until grep -q " $PWD/view " /proc/self/mountinfo; do [ -e /proc/$! ]; sleep 0.025; done
        live=$(since $start)
        grep -q 'of the top' view/other; rm view/file; echo new > view/new; echo more >> view/sub/file
        start=$EPOCHREALTIME
        busybox umount view
        wait $!
        echo $live $(since $start)
        END
        mkdir upper work

        """;

    private const string Check = "\ncat said; cd upper; find . -type c; cat new sub/file; cd ..; rm -rf upper work";

    [Test]
    public void Apptainer_PlayedByTheClock_IsServedInTime()
    {
        string where = Runner == Runner.Root ? "" : "unshare --user --map-current-user --keep-caps --mount --propagation private ";
        for (int left = Tries; ; left--)
        {
            string[] lines = Shell(Play + where + "bash -eu play" + Check).Split('\n');
            double[] seconds = [.. lines[0].Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
            Assert.That(lines[1..], Is.EqualTo(new[] { "./file", "new", "of the bottom", "more", "" }),
                "nothing was said, and the upper is complete");
            if (left > 1 && (seconds[0] > LiveWithin || seconds[1] > GoneWithin))
                continue;
            TestContext.Out.WriteLine($"live after {seconds[0]:0.000} s, gone after {seconds[1]:0.000} s");
            Assert.That(seconds[0], Is.LessThan(LiveWithin), "live");
            Assert.That(seconds[1], Is.LessThan(GoneWithin), "gone");
            return;
        }
    }
}
