using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Passthrough;

/// <summary>When files are passed through, and what is refused.</summary>
internal sealed class ModeTests : PassthroughTest
{
    /// <summary>The daemon's trace tells what it was asked: passed-through data is not asked for.</summary>
    private string TraceOf(string options, string script) => Bash.Run($$"""
        mkdir -p l u w m
        {{ProgramUnderTest.Path}} -f -d -o {{options}} m 2>trace & daemon=$!
        trap 'umount -l m; wait $daemon' EXIT
        for i in $(seq 200); do mountpoint -q m && break; sleep 0.05; done
        cd m; {{script}}; cd ..
        umount m; wait $daemon; trap - EXIT
        cat trace
        """, Sandbox.Root);

    [TestCase("", "io=stateless")]
    [TestCase(",io=open", "io=open")]
    [TestCase(",io=passthrough", "io=passthrough")]
    public void Trace_EachMode_NamesTheOneInForce(string option, string expected) =>
        Assert.That(TraceOf("lowerdir=l,upperdir=u,workdir=w" + option, "true").Split('\n'), Has.Member(expected));

    [TestCase(Large, "upperdir=u,workdir=w", false)]
    [TestCase(Large - 1, "upperdir=u,workdir=w", true)]
    [TestCase(1, "ro", false)]
    public void Read_LowerFile_IsPassedThroughWhereItIsLargeOrNothingIsWritten(int size, string options, bool asked)
    {
        Bash.Run($"mkdir l; truncate -s {size} l/f", Sandbox.Root);
        string trace = TraceOf($"lowerdir=l,{options},io=passthrough", "cat f >/dev/null");
        Assert.That(trace, Does.Contain(" Open "));
        Assert.That(trace.Contains(" Read ", StringComparison.Ordinal), Is.EqualTo(asked));
    }

    [Test]
    public void ReadWrite_UpperFile_IsPassedThrough() =>
        Assert.That(TraceOf("lowerdir=l,upperdir=u,workdir=w,io=passthrough", "echo text >f; cat f; echo more >>f"),
            Does.Contain(" Open ").And.Not.Contain(" Read ").And.Not.Contain(" Write "));

    [Test]
    public void ReadWrite_LayersOnStackedFileSystem_WorkByRequests()
    {
        Bash.Run("mkdir a b l u w m inner; echo below >a/f; truncate -s 2M a/large; mount -t overlay overlay -o lowerdir=a:b inner",
            Sandbox.Root);
        string trace = TraceOf("lowerdir=inner,upperdir=u,workdir=w,io=passthrough", "cat f; cat large >/dev/null; echo new >>f; cat f");
        Assert.That(trace, Does.Contain("below\n").And.Contain("below\nnew\n").And.Contain(" Read "));
    }

    [Test]
    public void Mount_AsLayerOfTheKernelsOverlay_Works()
    {
        Mount(("f", Pattern(Large)));
        Bash.Run("mkdir top u2 w2; mount -t overlay overlay -o lowerdir=merged,upperdir=u2,workdir=w2 top; cmp top/f lower/f; "
            + "echo x >top/g; umount top", Sandbox.Root);
    }

    [Test]
    public void Mount_InUserNamespace_IsRefusedWithTheRemedy()
    {
        Bash.Run("mkdir l u w m; chmod 777 . l u w m", Sandbox.Root);
        ToolResult result = Bash.Try($"unshare -Urm {ProgramUnderTest.Path} -o lowerdir=l,upperdir=u,workdir=w,io=passthrough m",
            Sandbox.Root);
        Assert.That((result.ExitCode, result.Error),
            Is.EqualTo((1,
                "overlayfuse: option io=passthrough: needs CAP_SYS_ADMIN outside of user namespaces; mount as root, or write io=auto\n")));
    }
}
