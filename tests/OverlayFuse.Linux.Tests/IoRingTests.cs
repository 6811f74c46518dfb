namespace OverlayFuse.Linux.Tests;

/// <summary>Rings and their memory, with a driver that knows no commands.</summary>
internal sealed class IoRingTests
{
    [Test]
    public void Enter_CommandForADriverWithoutCommands_CompletesWithItsError()
    {
        if (!IoRing.IsAllowed)
            Assert.Ignore("io_uring is not allowed here");
        Assert.That(IoRing.Create(2, 4, out IoRing? ring), Is.EqualTo(Errno.None));
        using (ring)
        {
            Assert.That(Sys.OpenAt(Fd.WorkingDirectory, Name.From("/dev/zero"), OpenFlags.ReadOnly, out Fd zero), Is.EqualTo(Errno.None));
            for (ulong i = 1; i <= 20; i++)
            {
                Assert.That(ring!.TryQueue(zero, 1, i, default, [1, 2]), Is.True);
                Assert.That(ring.Enter(1), Is.EqualTo(Errno.None));
                Assert.That(ring.TryTake(out ulong userData, out Errno error), Is.True);
                Assert.That((userData, error), Is.EqualTo((i, Errno.EOPNOTSUPP)));
            }
            Assert.That(ring!.TryTake(out _, out _), Is.False);
            Sys.Close(zero);
        }
    }

    [Test]
    public void TryQueue_MoreThanFit_IsRefusedUntilTheyAreHandedOver()
    {
        if (!IoRing.IsAllowed)
            Assert.Ignore("io_uring is not allowed here");
        Assert.That(IoRing.Create(2, 8, out IoRing? ring), Is.EqualTo(Errno.None));
        using (ring)
        {
            bool[] queued = [.. Enumerable.Range(0, 3).Select(i => ring!.TryQueue(Fd.None, 1, (ulong)i, default, []))];
            Assert.That(queued, Is.EqualTo(new[] { true, true, false }));
            Assert.That(ring!.Enter(2), Is.EqualTo(Errno.None));
            Assert.That(ring.TryQueue(Fd.None, 1, 3, default, []), Is.True);
        }
    }

    [Test]
    public void Map_LargeMemory_CanBeTouchedAnywhereAndIsGoneAfterwards()
    {
        Assert.That(MappedMemory.Map(1 << 30, out MappedMemory? memory), Is.EqualTo(Errno.None));
        memory!.Span[^1] = 1;
        Assert.That((memory.Span[0], memory.Span[^1]), Is.EqualTo(((byte)0, (byte)1)));
        memory.Dispose();
        Assert.That(memory.Length, Is.Zero);
    }
}
