using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Life;

/// <summary>The whole program by io_uring: who waits for it, and how it ends.</summary>
internal sealed class RingTests : AppTest
{
    private RingSwitch _ring = null!;

    [OneTimeSetUp]
    public void Offer() => _ring = new RingSwitch(true);

    [OneTimeTearDown]
    public void PutBack() => _ring?.Dispose();

    [TestCase("", true)]
    [TestCase("-o io_uring=0", false)]
    [TestCase("-s", false)]
    public void Mount_WithTheOption_UsesIoUringOrNot(string options, bool uses) => Assert.That(Bash.Run($$"""
        mkdir lower upper work merged; echo low >lower/file
        {{ProgramUnderTest.Path}} -f {{options}} -o lowerdir=lower,upperdir=upper,workdir=work merged & daemon=$!
        trap 'kill -9 $daemon 2>/dev/null || true; umount -l merged 2>/dev/null || true' EXIT
        for _ in $(seq 1000); do mountpoint -q merged && break; sleep 0.02; done
        cat merged/file; echo new >merged/new; mv merged/new merged/newer; rm merged/file; ls merged
        cat /proc/$daemon/task/*/comm | grep -c fuse-ring || true
        {{ProgramUnderTest.Path}} list --json | tr -d ' \n' | grep -o "\"$PWD/merged\".*" | grep -o '"io_uring":[a-z]*' | head -n 1
        kill -TERM $daemon; wait $daemon; echo "end $?"
        """, Sandbox.Root, 60), Does.Match($"^low\nnewer\n{(uses ? "[2-9]" : "0")}\n\"io_uring\":{(uses ? "true" : "false")}\nend 0\n$"));

    /// <summary>Who may not lock memory without bound has each ring counted. An answer to INIT cannot be taken back.</summary>
    [Test]
    public void Mount_LockedMemoryIsShort_IsServedByTheDevice() => Assert.That(Bash.Run($$"""
        mkdir lower upper work merged; echo low >lower/file
        (ulimit -l 64; exec setpriv --inh-caps -ipc_lock --bounding-set -ipc_lock \
            {{ProgramUnderTest.Path}} -f -o lowerdir=lower,upperdir=upper,workdir=work merged) 2>&1 & daemon=$!
        trap 'kill -9 $daemon 2>/dev/null || true; umount -l merged 2>/dev/null || true' EXIT
        for _ in $(seq 1000); do mountpoint -q merged && break; sleep 0.02; done
        cat merged/file; cat /proc/$daemon/task/*/comm | grep -c fuse-ring || true
        kill -TERM $daemon; wait $daemon; echo "end $?"
        """, Sandbox.Root, 60), Is.EqualTo("low\n0\nend 0\n"));

    /// <summary>
    /// Requests that were handed over wait in the rings of a daemon that does not run. When it is killed, its callers must come back. (With
    /// IORING_SETUP_DEFER_TASKRUN they wait for ever.)
    /// </summary>
    [Test]
    public void Killed_WhileCallersWait_TheyAllComeBack() => Assert.That(Bash.Run($$"""
        mkdir lower upper work merged; touch lower/{1..40}
        {{ProgramUnderTest.Path}} -f -o lowerdir=lower,upperdir=upper,workdir=work merged & daemon=$!
        trap 'kill -9 $daemon 2>/dev/null || true; umount -l merged 2>/dev/null || true' EXIT
        for _ in $(seq 1000); do mountpoint -q merged && break; sleep 0.02; done
        taskset -c 0 stat merged/1 >/dev/null; taskset -c 1 stat merged/2 >/dev/null
        kill -STOP $daemon
        waiting=; for i in {3..40}; do taskset -c $((i % 2)) stat merged/$i >/dev/null 2>&1 & waiting="$waiting $!"; done
        for p in $waiting; do for _ in $(seq 500); do grep -q '(stat) [SD]' /proc/$p/stat && break; sleep 0.02; done; done
        kill -9 $daemon; set +e; wait $waiting; echo back
        """, Sandbox.Root, 60), Is.EqualTo("back\n"));
}
