using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Run;

/// <summary>
/// An ordinary user where the kernel refuses user namespaces but has fusermount3: here in a chroot, a bind mount of the whole system, where
/// clone(2) says EPERM. The view is then mounted for all to see.
/// </summary>
[TestFixture, Category("Run")]
internal sealed class SharedTests() : RunTest(Runner.User)
{
    private const string Start = """
        start() { rm -f ready; $P run --lower bottom --at view -- bash -c 'echo $$ > ready; exec sleep 1000' 2>/dev/null & supervisor=$!
            until [ -s ready ]; do sleep 0.02; done
                  command=$(cat ready); daemon=$(pgrep -P $supervisor | grep -vx $command); }
        shown() { grep -c " $PWD/view fuse.overlayfuse" /proc/self/mounts || true; }

        """;

    [Test]
    public void Run_AtAPlace_IsMountedByFusermountAndSaysSoOnce()
    {
        ToolResult result = InChroot("""
            $P run --diff --lower bottom --at view -- \
                bash -euc 'cat view/file; echo x > view/new; grep -c " $PWD/view fuse.overlayfuse" /proc/self/mounts'
            ls -A view tmp
            """);
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((0, "of the bottom\n1\nA new\ntmp:\n\nview:\n")));
        Assert.That(result.Error.Split("is mounted by fusermount3 instead: while the command runs, all your processes see the view there"),
            Has.Length.EqualTo(2));
    }

    [TestCase("--lower bottom")]
    [TestCase("--lower bottom --at view --map-root")]
    [TestCase("--root bottom --at view")]
    public void Run_WhereItMustBePrivate_IsRefused(string words)
    {
        ToolResult result = InChroot($"$P run {words} -- true");
        Assert.That(result.ExitCode, Is.EqualTo(125));
        Assert.That(result.Error, Does.Contain("no namespace for a private view (Operation not permitted)").And.Contain("with --at DIR"));
    }

    [TestCase("$supervisor")]
    [TestCase("$daemon")]
    [TestCase("$command")]
    public void Kill_OfOneParty_LeavesNoMount(string party)
    {
        ToolResult result = InChroot(Start + $$"""
            start
            test $(shown) = 1
            kill -KILL {{party}}
            wait $supervisor || true
            until [ "$(shown)" = 0 ] && [ ! -e /proc/$daemon ]; do sleep 0.02; done
            ls -A view
            until [ -z "$(ls tmp)" ]; do sleep 0.02; done
            """);
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((0, "")), result.Error);
    }

    [Test]
    public void Kill_OfSupervisorAndDaemon_IsSweptByTheNextRun()
    {
        ToolResult result = InChroot(Start + """
            start
            kill -STOP $daemon
            kill -KILL $supervisor $daemon
            while [ -e /proc/$daemon ]; do sleep 0.02; done
            shown
            $P run --lower bottom --at top -- true 2>/dev/null
            shown
            ls -A tmp view
            """);
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((0, "1\n0\ntmp:\n\nview:\n")), result.Error);
    }

    private ToolResult InChroot(string script)
    {
        string root = Sandbox.MakeDirectory("root");
        File.WriteAllText(Sandbox.PathOf("script"), $"export P={Program} TMPDIR={Home}/tmp\ncd {Home}\n{script}");
        return Bash.Try($"""
            exec unshare -m --propagation private bash -euc 'mount --rbind / {root}
            exec chroot {root} setpriv --reuid {User.Name} --regid {User.Name} --init-groups --inh-caps=-all \
                bash -euo pipefail {Sandbox.PathOf("script")}'
            """, Home, 60);
    }
}
