using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Life;

/// <summary>
/// What programs have stored into shared mappings is in the upper after a clean end of the daemon, in every mode: the kernel still holds it
/// then.
/// </summary>
internal sealed class MappedStoreTests : AppTest
{
    private const string Stateless = "io=stateless", Open = "io=open", Passthrough = "io=passthrough", WriteBack = "writeback=1",
        Direct = "direct_io";

    /// <summary>What hangs, hangs for good.</summary>
    private const int Limit = 100;

    /// <summary>Stores into a file of the lower layer and one of the upper, says so, and stays.</summary>
    private const string Store = """
        head -c 1000000 /dev/zero | tee lower/low >upper/up
        cat >store.py <<'END'
        import mmap, os, sys, time
        for name in ('low', 'up'):
            f = os.open(sys.argv[1] + '/' + name, os.O_RDWR)
            m = mmap.mmap(f, 1000000); os.close(f); m[500000:505000] = b'S' * 5000; globals()[name] = m
        open('ready', 'w').close()
        while not os.path.exists('over'): time.sleep(0.01)
        low[600000:600001] = b'T'
        open('survived', 'w').close()
        END
        await() { for _ in $(seq 3000); do "$@" && return 0; sleep 0.02; done; echo "in vain: $*" >&2; exit 1; }
        stored() { echo $(tr -cd S <upper/low | wc -c) $(tr -cd S <upper/up | wc -c); }
        """;

    [SetUp]
    public void MakeDirectories() => Bash.Run("mkdir lower upper work merged", Sandbox.Root);

    [Test]
    public void Signal_WhileAMappingIsAlive_ItsStoresAreInTheUpper(
        [Values(Stateless, Open, Passthrough, WriteBack, Direct)] string mode, [Values("TERM", "INT", "HUP")] string signal)
    {
        Assert.That(End($"-o {mode}", $"kill -{signal} $daemon"), Is.EqualTo("5000 5000 exit 0\n"));
    }

    [Test]
    public void Signal_WithOneWorker_StoresAreInTheUpper([Values(Stateless, Open)] string mode) =>
        Assert.That(End($"-s -o {mode}", "kill -TERM $daemon"), Is.EqualTo("5000 5000 exit 0\n"));

    /// <summary>Whoever unmounts lets the mount live until its last user is gone; a signal then ends it.</summary>
    [Test]
    public void Signal_AfterALazyUnmount_StoresAreInTheUpper([Values(Stateless, Open)] string mode) =>
        Assert.That(End($"-o {mode}", "umount -l merged; kill -TERM $daemon"), Is.EqualTo("5000 5000 exit 0\n"));

    [Test]
    public void Store_AfterTheEnd_IsRefusedBySigbus([Values(Stateless, Open)] string mode)
    {
        string script = End($"-o {mode}", "kill -TERM $daemon",
            "touch over; set +e; wait $client; echo \"status $?\"; ls survived 2>&1 | head -c 2; echo; tr -cd T <upper/low | wc -c");
        Assert.That(script, Is.EqualTo("5000 5000 exit 0\nstatus 135\nls\n0\n"));
    }

    [Test]
    public void Run_ProcessLeftBehindHasAMapping_StoresAreInTheUpper()
    {
        string stored = Bash.Run($$"""
            {{Store}}
            {{ProgramUnderTest.Path}} run --upper upper --lower lower -- \
                bash -c 'setsid python3 store.py lower & for _ in $(seq 3000); do test -e ready && exit; sleep 0.02; done'
            stored
            touch over
            """, Sandbox.Root, Limit);
        Assert.That(stored, Is.EqualTo("5000 5000\n"));
    }

    /// <summary>A store that the processor has carried out is in the file: also one that comes while the daemon ends.</summary>
    [Test]
    public void Signal_WhileAProcessGoesOnStoring_NoStoreIsLost([Values(Stateless, Open, WriteBack)] string mode)
    {
        string end = Bash.Run($$"""
            head -c 4096 /dev/zero | tee lower/low >count
            cat >store.py <<'END'
            import mmap, os
            merged = memoryview(mmap.mmap(os.open('merged/low', os.O_RDWR), 4096)).cast('Q')
            count = memoryview(mmap.mmap(os.open('count', os.O_RDWR), 4096)).cast('Q')
            n = 0
            while True:
                n += 1
                merged[0] = n
                count[0] = n
            END
            {{ProgramUnderTest.Path}} -f -o lowerdir=lower,upperdir=upper,workdir=work,{{mode}} merged & daemon=$!
            trap 'kill -9 $daemon $client 2>/dev/null || true; umount -l merged 2>/dev/null || true' EXIT
            for _ in $(seq 500); do mountpoint -q merged && break; sleep 0.02; done
            python3 store.py & client=$!
            for _ in $(seq 500); do [ $(od -An -tu8 -N8 count) -gt 100000 ] && break; sleep 0.02; done
            kill -TERM $daemon; wait $daemon
            set +e; wait $client; echo "status $?" $(od -An -tu8 -N8 count) $(od -An -tu8 -N8 upper/low)
            """, Sandbox.Root, Limit);
        string[] words = end.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        Assert.That(words[1], Is.EqualTo("135"), "SIGBUS");
        (long counted, long kept) = (long.Parse(words[2], null), long.Parse(words[3], null));
        Assert.That(kept, Is.InRange(counted, counted + 1));
    }

    /// <summary>Somebody waits for ever for a file of one layer; what was stored into files of the others does not.</summary>
    [Test]
    public void Signal_ALayerHangs_StoresAreInTheUpperAndTheDaemonEnds([Values("", "-s")] string workers)
    {
        string script = $$"""
            {{Store}}
            mkdir base slow; head -c 300000 /dev/urandom >base/hung; echo a >base/other
            {{ProgramUnderTest.Path}} -f -o io_uring=0,lowerdir=base slow & server=$!
            await mountpoint -q slow
            {{ProgramUnderTest.Path}} -f {{workers}} -o lowerdir=lower:slow,upperdir=upper,workdir=work merged & daemon=$!
            trap 'kill -9 $daemon $client $reader 2>/dev/null || true; kill -CONT $server; kill -9 $server
                umount -l merged slow 2>/dev/null || true' EXIT
            await mountpoint -q merged; ls -l merged >/dev/null
            python3 store.py merged & client=$!
            await test -e ready
            stopped() { for t in /proc/$server/task/*/stat; do grep -q ') T' $t || return 1; done; }
            kill -STOP $server; await stopped
            cat merged/hung >/dev/null 2>&1 & reader=$!
            await grep -qE '\(cat\) [SD]' /proc/$reader/stat
            kill -TERM $daemon
            set +e; wait $daemon; status=$?; set -e
            echo "$(stored) exit $status"
            """;
        Assert.That(Bash.Run(script, Sandbox.Root, Limit), Is.EqualTo("5000 5000 exit 0\n"));
    }

    private string End(string options, string end, string afterwards = "") => Bash.Run($$"""
        {{Store}}
        env --default-signal=INT,HUP {{ProgramUnderTest.Path}} -f {{options}} \
            -o lowerdir=lower,upperdir=upper,workdir=work merged & daemon=$!
        trap 'kill -9 $daemon $client 2>/dev/null || true; umount -l merged 2>/dev/null || true' EXIT
        await mountpoint -q merged
        python3 store.py merged & client=$!
        await test -e ready
        {{end}}
        set +e; wait $daemon; status=$?; set -e
        echo "$(stored) exit $status"
        {{afterwards}}
        """, Sandbox.Root, Limit);
}
