using OverlayFuse.Linux.Tests.Support;

namespace OverlayFuse.Linux.Tests;

/// <summary>Owners of descriptors: closed exactly once. A second close would hit whoever got the number since.</summary>
internal sealed class DescriptorTests : DiskTest
{
    [Test]
    public void ScopedFd_Disposed_Closes()
    {
        Fd fd = MakeFile();
        new ScopedFd(fd).Dispose();
        Assert.That(IsOpen(fd), Is.False);
    }

    [Test]
    public void ScopedFd_DisposedTwice_LeavesTheNextOwnerOfTheNumberAlone()
    {
        Fd fd = MakeFile();
        var owner = new ScopedFd(fd);
        owner.Dispose();
        using var next = new ScopedFd(MakeFile());
        Assume.That(next.Fd, Is.EqualTo(fd), "the lowest free number is given again");
        owner.Dispose();
        Assert.That(IsOpen(next), Is.True);
        Assert.That(owner.Fd, Is.EqualTo(Fd.None));
    }

    [Test]
    public void ScopedFd_Released_DoesNotClose()
    {
        var owner = new ScopedFd(MakeFile());
        using var heir = new ScopedFd(owner.Release());
        owner.Dispose();
        Assert.That((IsOpen(heir), owner.Release()), Is.EqualTo((true, Fd.None)));
    }

    /// <summary>default(ScopedFd) has number 0 in it, which is standard input.</summary>
    [Test]
    public void ScopedFd_DefaultOrNone_ClosesNothing()
    {
        Assume.That(IsOpen(new Fd(0)), Is.True);
        ScopedFd nobody = default;
        Assert.That(nobody.Fd.IsOpen, Is.False);
        nobody.Dispose();
        new ScopedFd(Fd.None).Dispose();
        Assert.That(IsOpen(new Fd(0)), Is.True);
    }

    [Test]
    public void SafeFd_LastReference_Closes()
    {
        Fd fd = MakeFile();
        var shared = new SafeFd(fd);
        Assert.That(shared.TryAcquire(), Is.True);
        shared.Release();
        Assert.That(IsOpen(fd), Is.True);
        shared.Release();
        Assert.That((IsOpen(fd), shared.TryAcquire()), Is.EqualTo((false, false)));
    }

    [Test]
    public void BorrowedFd_Disposed_GivesItsReferenceBack()
    {
        Fd fd = MakeFile();
        var shared = new SafeFd(fd);
        Assert.That(shared.TryAcquire(), Is.True);
        using (var borrowed = new BorrowedFd(shared))
        {
            shared.Release();
            Assert.That((borrowed.Fd, IsOpen(fd)), Is.EqualTo((fd, true)));
        }
        Assert.That(IsOpen(fd), Is.False);
        default(BorrowedFd).Dispose();
    }

    /// <summary>
    /// Threads borrow while the owner lets go, again and again: whoever got in reads the file that the descriptor was of, never one that
    /// got its number since.
    /// </summary>
    [Test]
    public void SafeFd_SharedByThreads_IsTheSameFileToTheLast()
    {
        const int rounds = 2000;
        SafeFd current = new(MakeNumbered(0));
        int wrong = 0, borrowed = 0, round = 0;
        Thread[] readers = [.. Enumerable.Range(0, 3).Select(_ => new Thread(() =>
        {
            byte[] content = new byte[4];
            while (Volatile.Read(ref round) < rounds)
            {
                SafeFd seen = Volatile.Read(ref current);
                if (!seen.TryAcquire())
                    continue;
                using var fd = new BorrowedFd(seen);
                Interlocked.Increment(ref borrowed);
                Thread.Yield();
                if (Sys.PRead(fd, content, 0, out int count) != Errno.None || count != 4)
                    Interlocked.Increment(ref wrong);
            }
        }))];
        foreach (Thread reader in readers)
            reader.Start();
        for (int next = 1; next <= rounds; next++)
        {
            SafeFd old = Interlocked.Exchange(ref current, new SafeFd(MakeNumbered(next)));
            old.Release();
            Sys.Close(Open("empty", OpenFlags.Create | OpenFlags.ReadOnly)); // whoever still used the number would read nothing
            Volatile.Write(ref round, next);
        }
        foreach (Thread reader in readers)
            reader.Join();
        current.Release();
        Assert.That((wrong, borrowed > 0), Is.EqualTo((0, true)));
    }

    private Fd MakeFile() => Open("file", OpenFlags.Create | OpenFlags.ReadWrite);

    private Fd MakeNumbered(int number)
    {
        Fd fd = MakeFile();
        Assert.That(Sys.PWrite(fd, BitConverter.GetBytes(number), 0, out _), Is.EqualTo(Errno.None));
        return fd;
    }

    private static bool IsOpen(Fd fd) => Mono.Unix.Native.Syscall.fcntl(fd.Number, Mono.Unix.Native.FcntlCommand.F_GETFD) >= 0;
}
