using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>Bytes of the notifications.</summary>
internal sealed class NotifierTests
{
    private Fd _kernel;
    private SafeFd _device = null!;
    private FuseNotifier _notifier = null!;

    [SetUp]
    public void Connect()
    {
        Assert.That(Sys.MessageSocketPair(out _kernel, out Fd device), Is.EqualTo(Errno.None));
        _device = new SafeFd(device);
        _notifier = new FuseNotifier(_device);
    }

    [TearDown]
    public void Disconnect()
    {
        _device.Release();
        Sys.Close(_kernel);
    }

    private void Expect(Errno sent, string rows)
    {
        Assert.That(sent, Is.EqualTo(Errno.None));
        byte[] buffer = new byte[8192];
        Assert.That(Sys.ReadDevice(_kernel, buffer, out int length), Is.EqualTo(Errno.None));
        Assert.That(Golden.Dump(buffer.AsSpan(0, length)), Is.EqualTo(Golden.Dump(Golden.Bytes(rows))));
    }

    [Test]
    public void InvalidateAttributes_Node_SendsNegativeOffset() => Expect(_notifier.InvalidateAttributes(new NodeId(9)), """
        28 00 00 00 02 00 00 00 | len, code
        00 00 00 00 00 00 00 00 | unique
        09 00 00 00 00 00 00 00 | ino
        ff ff ff ff ff ff ff ff | off
        00 00 00 00 00 00 00 00 | len
        """);

    [Test]
    public void InvalidateInode_Range_IsSent() => Expect(_notifier.InvalidateInode(new NodeId(9), 0x1000, 0x2000), """
        28 00 00 00 02 00 00 00 | len, code
        00 00 00 00 00 00 00 00 | unique
        09 00 00 00 00 00 00 00 | ino
        00 10 00 00 00 00 00 00 | off
        00 20 00 00 00 00 00 00 | len
        """);

    [Test]
    public void InvalidateEntry_Name_HasItsNul() => Expect(_notifier.InvalidateEntry(NodeId.Root, Name.From("abc")), """
        24 00 00 00 03 00 00 00 | len, code
        00 00 00 00 00 00 00 00 | unique
        01 00 00 00 00 00 00 00 | parent
        03 00 00 00 00 00 00 00 | namelen, flags
        61 62 63 00             | name
        """);

    [Test]
    public void ExpireEntry_Name_CarriesTheFlag() => Expect(_notifier.ExpireEntry(NodeId.Root, Name.From("a")), """
        22 00 00 00 03 00 00 00 | len, code
        00 00 00 00 00 00 00 00 | unique
        01 00 00 00 00 00 00 00 | parent
        01 00 00 00 01 00 00 00 | namelen, flags
        61 00                   | name
        """);

    [Test]
    public void Delete_Name_NamesParentAndChild() => Expect(_notifier.Delete(NodeId.Root, new NodeId(5), Name.From("a")), """
        2a 00 00 00 06 00 00 00 | len, code
        00 00 00 00 00 00 00 00 | unique
        01 00 00 00 00 00 00 00 | parent
        05 00 00 00 00 00 00 00 | child
        01 00 00 00 00 00 00 00 | namelen, padding
        61 00                   | name
        """);

    [Test]
    public void IncrementEpoch_Header_IsAll() => Expect(_notifier.IncrementEpoch(), """
        10 00 00 00 08 00 00 00 | len, code
        00 00 00 00 00 00 00 00 | unique
        """);

    [Test]
    public void Prune_TwoNodes_AreCounted() => Expect(_notifier.Prune([new NodeId(3), new NodeId(4)]), """
        30 00 00 00 09 00 00 00 | len, code
        00 00 00 00 00 00 00 00 | unique
        02 00 00 00 00 00 00 00 | count, padding
        00 00 00 00 00 00 00 00 | spare
        03 00 00 00 00 00 00 00 | nodeid
        04 00 00 00 00 00 00 00 | nodeid
        """);

    [Test]
    public void Notification_SessionIsOver_AnswersENODEV()
    {
        _device.Release();
        Assert.That(_notifier.IncrementEpoch(), Is.EqualTo(Errno.ENODEV));
        Connect(); // for the tear-down
    }
}
