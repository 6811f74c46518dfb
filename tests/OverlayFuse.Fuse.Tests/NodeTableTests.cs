using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Fuse.Tests;

internal sealed class NodeTableTests
{
    [Test]
    public void Add_AfterARemoval_UsesNoNumberAgain()
    {
        var table = new NodeTable<string>("root");
        NodeId first = table.Add("first");
        table.Remove(first);
        NodeId second = table.Add("second");
        Assert.Multiple(() =>
        {
            Assert.That((first.Value, second.Value, table.Count), Is.EqualTo((2ul, 3ul, 2)));
            Assert.That(table.TryGet(first, out string? _), Is.False);
            Assert.That(table.TryGet(second, out string? node) ? node : null, Is.EqualTo("second"));
            Assert.That(table.TryGet(NodeId.Root, out string? root) ? root : null, Is.EqualTo("root"));
        });
    }

    [Test]
    public void Forget_TheLastReference_TellsSo()
    {
        var table = new NodeTable<string>("root");
        NodeId id = table.Add("node");
        for (int i = 0; i < 3; i++)
            table.Refer(id);
        Assert.Multiple(() =>
        {
            Assert.That(table.IsReferred(id));
            Assert.That(table.Forget(id, 2), Is.False);
            Assert.That(table.Forget(id, 1));
            Assert.That(table.IsReferred(id), Is.False);
            Assert.That(table.Forget(new NodeId(99), 1), Is.False, "an inode that is not there");
        });
    }

    [Test]
    public void Refer_ManyThreads_CountsEach()
    {
        var table = new NodeTable<string>("root");
        NodeId id = table.Add("node");
        Parallel.For(0, 10_000, _ => table.Refer(id));
        Assert.That((table.Forget(id, 9_999), table.Forget(id, 1)), Is.EqualTo((false, true)));
    }
}
