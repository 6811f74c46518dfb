using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Life;

/// <summary>
/// One lower layer is a FUSE mount whose server is stopped: as a network disk that is gone. Who asks for it waits; nobody else does.
/// </summary>
internal sealed class HungLayerTests : AppTest
{
    /// <summary>A patience far beyond what is needed: what hangs, hangs for good.</summary>
    private const int Patience = 30, Limit = 120;

    [TestCase(100, "io=stateless")]
    [TestCase(100, "io=open")]
    [TestCase(100, "io=passthrough")]
    [TestCase(500, "io=stateless")]
    public void Requests_OneLayerHangsForManyClients_AllElseIsAnswered(int clients, string mode)
    {
        string answers = Run($"-o {mode}", $$"""
            for i in $(seq {{clients}}); do cat merged/dir/s$i >/dev/null 2>&1 & done
            await hanging {{clients}}
            {{Others}}
            """);
        Assert.That(answers, Is.EqualTo("o1\no2\nlisted\nchanged 600\nnew\nend 0\n"));
    }

    /// <summary>So many callers need more entries of io_uring than a processor has at first.</summary>
    [TestCase(24)]
    [TestCase(500)]
    public void Requests_OneLayerHangsByIoUring_AllElseIsAnswered(int clients)
    {
        using var ring = new RingSwitch(true);
        Requests_OneLayerHangsForManyClients_AllElseIsAnswered(clients, "io=stateless");
    }

    /// <summary>
    /// The daemon's process is gone when the server goes on: closing its files waits for that (FUSE_FLUSH cannot be killed). Their data are
    /// read ahead: as many as hang must not use up the background requests of the mount.
    /// </summary>
    [Test]
    public void Requests_ReadingHangsInManyOpenFiles_AllElseIsAnswered()
    {
        string answers = Run("-o io=open", $$"""
            fds=; for i in $(seq 100); do exec {fd}<merged/dir/s$i; fds="$fds $fd"; done
            stop
            for fd in $fds; do cat <&$fd >/dev/null 2>&1 & done
            await hanging 100
            {{Others.Replace("wait $daemon", "kill -CONT $server; wait $daemon", StringComparison.Ordinal)}}
            """);
        Assert.That(answers, Is.EqualTo("o1\no2\nlisted\nchanged 600\nnew\nend 0\n"));
    }

    /// <summary>What is copied up from the layer that hangs keeps its own file and nothing else.</summary>
    [Test]
    public void CopyUp_FromALayerThatHangs_AllElseIsAnswered()
    {
        string answers = Run("", $$"""
            stat merged/dir/s{1..80} >/dev/null
            stop
            for i in $(seq 80); do chmod 700 merged/dir/s$i >/dev/null 2>&1 & done
            await hanging 80
            {{Others}}
            """);
        Assert.That(answers, Is.EqualTo("o1\no2\nlisted\nchanged 600\nnew\nend 0\n"));
    }

    /// <summary>
    /// What nobody has open is closed when others need the room (32 files of 128 descriptors), and closing a file of this layer hangs
    /// (FUSE_FLUSH): not whoever reads a file of the other layer. One is being closed, 19 wait. All is closed when the server goes on, and
    /// the files are read again.
    /// </summary>
    [Test]
    public void Reading_CacheFullOfFilesOfALayerThatHangs_FilesOfTheOtherLayerAreRead()
    {
        const string again =
            "kill -CONT $server; await closed; for i in $(seq 20); do cat merged/dir/s$i; done | cmp first - && echo again; ";
        string answers = Run("-o io=stateless", $$"""
            for i in $(seq 20); do cat merged/dir/s$i; done >first
            stop
            for i in $(seq 200); do timeout -k 1 {{Patience}} cat merged/o$i || break; done >others; tail -n 1 others
            echo kept $(kept)
            {{Others.Replace("kill -TERM", again + "kill -TERM", StringComparison.Ordinal)}}
            """, "ulimit -n 128");
        Assert.That(answers, Is.EqualTo("o200\nkept 19\no1\no2\nlisted\nchanged 600\nnew\nagain\nend 0\n"));
    }

    /// <summary>
    /// A store into a mapping of a lower file waits for the copy, which hangs: after a while without a byte written it is given up. Then
    /// everybody who waits for the mount is told, and can end: the daemon's own wait for the page must not keep the connection.
    /// </summary>
    [Test]
    public void End_WithAStoreThatWaitsForTheLayerThatHangs_LeavesNobodyWaiting()
    {
        string answers = Run("", """
            python3 -c "
            import mmap, os, time
            m = mmap.mmap(os.open('merged/dir/s1', os.O_RDWR), 3); m[0:1] = b'S'; open('stored', 'w').close(); time.sleep(600)" & mapped=$!
            await test -e stored
            stop
            clients=; for i in $(seq 2 11); do cat merged/dir/s$i >/dev/null & clients="$clients $!"; done
            await hanging 10
            kill -TERM $daemon; set +e
            wait $clients; echo clients ended
            kill -9 $mapped; wait $mapped; echo storing ended
            kill -CONT $server; wait $daemon; echo "end $?"
            """);
        Assert.That(answers, Is.EqualTo("clients ended\nstoring ended\nend 1\n"));
    }

    /// <summary>
    /// A new name in a directory that the layer has, too, must be looked for there: so it is made in one that it has not.
    /// </summary>
    private static string Others => $$"""
        limit='timeout -k 1 {{Patience}}'
        $limit cat merged/o1; $limit stat -c %n merged/o2 | sed s,.*/,,; $limit ls merged >/dev/null && echo listed
        $limit chmod 600 merged/o3; echo changed $($limit stat -c %a merged/o3)
        $limit bash -c 'echo new >merged/own/new; cat merged/own/new'
        kill -TERM $daemon; set +e; wait $daemon; echo "end $?"
        """;

    /// <summary>
    /// All threads of the server have stopped before somebody asks: a request that it has taken cannot be killed, and keeps the process of
    /// whoever asked. With io_uring it takes each at once, so that server goes without.
    /// </summary>
    private string Run(string options, string script, string before = "") => Bash.Run($$"""
        mkdir -p base/dir slow lower/own upper work merged
        for i in $(seq 500); do echo s$i >base/dir/s$i; echo o$i >lower/o$i; done
        await() { for _ in $(seq 3000); do "$@" && return 0; sleep 0.02; done; echo "in vain: $*" >&2; exit 1; }
        stopped() { for t in /proc/$server/task/*/stat; do grep -q ') T' $t || return 1; done; }
        stop() { kill -STOP $server; await stopped; }
        hanging() { n=0; for p in $(jobs -p); do grep -qsE '\((cat|chmod)\) [SD]' /proc/$p/stat && n=$((n + 1)); done; [ $n -ge $1 ]; }
        kept() { readlink /proc/$daemon/fd/* | grep -cE '/s[0-9]+$'; }
        closed() { [ $(kept) = 0 ]; }
        exec 2>/dev/null
        {{ProgramUnderTest.Path}} -f -o io_uring=0,lowerdir=base slow & server=$!
        await mountpoint -q slow
        ({{before}}
            exec {{ProgramUnderTest.Path}} -f {{options}} -o lowerdir=lower:slow,upperdir=upper,workdir=work merged) & daemon=$!
        trap 'kill -9 $daemon; kill -CONT $server; kill -9 $server; kill -9 $(jobs -p); umount -l merged slow; true' EXIT
        await mountpoint -q merged; ls merged merged/dir merged/own >/dev/null
        {{(script.Contains("stop\n", StringComparison.Ordinal) ? "" : "stop")}}
        {{script}}
        """, Sandbox.Root, Limit);
}
