using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Life;

/// <summary>
/// An asynchronous direct write (a database's) that has completed is seen by every read that begins later, also by one that goes by the
/// page cache.
/// </summary>
internal sealed class DirectWriteTests : AppTest
{
    private const int Rounds = 500;

    [Test]
    public void Read_AfterAnAsynchronousDirectWriteHasCompleted_IsNew(
        [Values("io=stateless", "io=open", "io=passthrough", "writeback=1", "direct_io")] string mode)
    {
        string source = Path.Combine(ProgramUnderTest.Repository, "tests", "OverlayFuse.Mount.Tests", "Life", "aio.c");
        string old = Bash.Run($$"""
            mkdir lower upper work merged; head -c 1048576 /dev/zero >upper/f
            gcc -O1 -Wall -pthread -o aio {{source}}
            {{ProgramUnderTest.Path}} -o lowerdir=lower,upperdir=upper,workdir=work,{{mode}} merged
            trap 'umount -l merged' EXIT
            ./aio merged/f {{Rounds}}
            """, Sandbox.Root);
        Assert.That(old, Is.EqualTo("0\n"));
    }
}
