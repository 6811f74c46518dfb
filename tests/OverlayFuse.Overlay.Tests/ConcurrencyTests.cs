using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Tests.Support;

namespace OverlayFuse.Overlay.Tests;

/// <summary>Requests of several workers at the same time. A test that hangs has found a deadlock and fails.</summary>
public sealed class ConcurrencyTests : OverlayTest
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>OPEN holds the lock of the open file and takes that of the names; CREATE must not do it the other way round.</summary>
    [Test]
    public void CreateAndOpen_InOneDirectory_DoNotWaitForEachOther()
    {
        OverlayUnderTest overlay = OpenUpper(new DiskLayer().File("opened"), new DiskLayer());
        NodeId opened = overlay.Node("opened");
        using var done = new CancellationTokenSource();
        Thread opener = Start(() =>
        {
            while (!done.IsCancellationRequested)
            {
                Assert.That(overlay.Open(opened, OpenFlags.ReadOnly, out HandleId handle), Is.EqualTo(Errno.None));
                Assert.That(overlay.Release(opened, handle), Is.EqualTo(Errno.None));
            }
        });
        Thread creator = Start(() =>
        {
            for (int i = 0; i < 2000; i++)
                Assert.That(overlay.Create("new" + i), Is.EqualTo(Errno.None));
        });
        bool ended = creator.Join(s_patience);
        done.Cancel();
        Assert.That(ended && opener.Join(s_patience), "both ended");
    }

    /// <summary>
    /// What one thread looks up, another forgets, while a third removes and makes it anew: every answer is of a live node, and no
    /// descriptor stays open for a node that was forgotten while its name went.
    /// </summary>
    [Test]
    [Repeat(20)]
    public void LookupForgetUnlinkCreate_FromSeveralThreads_KeepsTheTableWhole()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("d/a", "lower").File("d/b").File("d/c").Dir("d/e"),
            new DiskLayer().File("d/f"));
        NodeId directory = overlay.Node("d");
        int stale = 0;
        Thread[] readers = [.. Enumerable.Range(0, 3).Select(k => Start(() =>
        {
            for (int i = 0; i < 3000; i++)
                LookAndForget(overlay, directory, "abcef"[(i + k) % 5].ToString(), ref stale);
        }))];
        Thread writer = Start(() =>
        {
            for (int i = 0; i < 300; i++)
            {
                Assert.That(overlay.FileSystem.Unlink(overlay.Request(Opcode.Unlink, directory), Linux.Name.From("a")),
                    Is.EqualTo(Errno.None));
                Assert.That(Create(overlay, directory, "a", out NodeId node), Is.EqualTo(Errno.None));
                overlay.FileSystem.Forget(node, 1);
            }
        });
        Assert.That(readers.Append(writer).All(thread => thread.Join(s_patience)), "all ended");
        Assert.That(stale, Is.Zero, "GETATTR of a node that was not forgotten");
        Assert.That(overlay.List("d"), Is.EqualTo(new[] { "a", "b", "c", "e", "f" }));
    }

    /// <summary>Many want the first write at once: one copies, all write to the copy.</summary>
    [Test]
    public void Open_ForWritingByManyAtOnce_CopiesUpOnce()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("d/a", new string('x', 1 << 20)));
        NodeId node = overlay.Node("d/a");
        using var start = new Barrier(4);
        var errors = new Errno[4];
        Thread[] writers = [.. Enumerable.Range(0, 4).Select(k => Start(() =>
        {
            start.SignalAndWait();
            errors[k] = overlay.Open(node, OpenFlags.WriteOnly, out HandleId handle);
            if (errors[k] == Errno.None)
                errors[k] = overlay.WriteAt(node, handle, (ulong)k, k.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }))];
        Assert.That(writers.All(thread => thread.Join(s_patience)), "all ended");
        Assert.That(errors, Is.All.EqualTo(Errno.None));
        for (int k = 0; k < 4; k++)
            Assert.That(overlay.Release(node), Is.EqualTo(Errno.None));
        Assert.That(File.ReadAllText(overlay.Upper("d/a")), Is.EqualTo("0123" + new string('x', (1 << 20) - 4)));
    }

    private static void LookAndForget(OverlayUnderTest overlay, NodeId directory, string name, ref int stale)
    {
        Errno error = overlay.FileSystem.Lookup(overlay.Request(Opcode.Lookup, directory), Linux.Name.From(name), out EntryOut entry);
        Assert.That(error, Is.EqualTo(Errno.None));
        if (entry.NodeId == NodeId.None)
            return; // removed at this moment
        if (overlay.FileSystem.View.Inodes[entry.NodeId] is not { } inode || inode.Generation != entry.Generation)
            Interlocked.Increment(ref stale);
        overlay.FileSystem.Forget(entry.NodeId, 1);
    }

    private static Errno Create(OverlayUnderTest overlay, NodeId directory, string name, out NodeId node)
    {
        var input = new MkNodIn { Mode = (uint)FileType.Regular | 0x1A4 };
        Errno error = overlay.FileSystem.MkNod(overlay.Request(Opcode.MkNod, directory), input, Linux.Name.From(name), out EntryOut entry);
        node = entry.NodeId;
        return error;
    }

    private static Thread Start(Action action)
    {
        var thread = new Thread(() => action()) { IsBackground = true };
        thread.Start();
        return thread;
    }
}
