using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>Replies that the kernel did not take.</summary>
internal sealed class UndoTests : DispatchTest
{
    private string[] CallsAfter(byte[] request, Errno refusal = Errno.ENOENT)
    {
        byte[] reply = Dispatcher.Send(request);
        FileSystem.Calls.Clear();
        Dispatcher.Host.OnUndelivered(request, reply, refusal);
        return [.. FileSystem.Calls];
    }

    [TestCase(1u, "61 00")]
    [TestCase(6u, "61 00 62 00")]
    [TestCase(8u, "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 61 00")]
    [TestCase(9u, "00 00 00 00 00 00 00 00 61 00")]
    [TestCase(13u, "00 00 00 00 00 00 00 00 61 00")]
    public void Entry_NotDelivered_IsForgottenOnce(uint opcode, string body) =>
        Assert.That(CallsAfter(Golden.Request(opcode, body)), Is.EqualTo(new[] { "Forget 43981 1" }));

    [Test]
    public void Lookup_ErrorNotDelivered_ChangesNothing()
    {
        FileSystem.Answer = Errno.ENOENT;
        Assert.That(CallsAfter(Golden.Request(1, "61 00")), Is.Empty);
    }

    [TestCase(14u, "Release")]
    [TestCase(27u, "ReleaseDir")]
    public void Open_NotDelivered_IsReleased(uint opcode, string release) => Assert.That(
        CallsAfter(Golden.Request(opcode, "02 00 00 00 00 00 00 00")),
        Is.EqualTo(new[] { release + " 2 by 1000/100/4321: fh=61453 ReadWrite None owner=0" }));

    [TestCase(35u, "66 00")]
    [TestCase(51u, "2f 00")]
    public void Create_NotDelivered_IsReleasedThenForgotten(uint opcode, string name)
    {
        string[] calls = CallsAfter(Golden.Request(opcode, "02 00 00 00 a4 81 00 00 00 00 00 00 00 00 00 00 " + name));
        Assert.That(calls, Has.Length.EqualTo(2));
        Assert.That(calls[0], Is.EqualTo("Release 43981 by 1000/100/4321: fh=61453 ReadWrite None owner=0"));
        Assert.That(calls[1], Is.EqualTo("Forget 43981 1"));
    }

    [Test]
    public void ReadDirPlus_NotDelivered_ForgetsEntriesButNotDot()
    {
        byte[] body = new byte[40];
        body[17] = 0x10;
        Assert.That(CallsAfter(Golden.Request(44, body)), Is.EqualTo(new[] { "Forget 43981 1" }));
    }

    [Test]
    public void Read_NotDelivered_ChangesNothing()
    {
        byte[] body = new byte[40];
        body[16] = 3;
        Assert.That(CallsAfter(Golden.Request(15, body)), Is.Empty);
    }
}
