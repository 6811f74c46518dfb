using OverlayFuse.Linux.Tests.Support;

namespace OverlayFuse.Linux.Tests;

/// <summary>Pipes, sockets, waking threads, starting programs.</summary>
internal sealed class DeviceTests : DiskTest
{
    [Test]
    public void ReadDevice_Woken_IsEIntr()
    {
        Assert.That(Sys.Pipe(out Fd read, out Fd write), Is.EqualTo(Errno.None));
        using var reader = new ScopedFd(read);
        using (var writer = new ScopedFd(write))
        {
            using var blocked = new BlockedThread(() => Sys.ReadDevice(read, new byte[1], out _));
            blocked.WakeInSystemCall(0);
            Assert.That(blocked.Result(), Is.EqualTo(Errno.EINTR));
        }
        Assert.That((Sys.ReadDevice(reader, new byte[1], out int count), count), Is.EqualTo((Errno.None, 0)), "end of file");
    }

    [Test]
    public void WakeThread_ThatIsGone_IsESrch()
    {
        int id = 0;
        var thread = new Thread(() => id = Sys.ThreadId);
        thread.Start();
        thread.Join();
        while (Directory.Exists($"/proc/self/task/{id}"))
            Thread.Yield(); // joined in the runtime a moment before it is gone from the kernel
        Assert.That(Sys.WakeThread(id), Is.EqualTo(Errno.ESRCH));
    }

    [Test]
    public void MessageSocketPair_SeveralMessages_KeepTheirBounds()
    {
        Assert.That(Sys.MessageSocketPair(out Fd one, out Fd other), Is.EqualTo(Errno.None));
        using var sender = new ScopedFd(one);
        using var receiver = new ScopedFd(other);
        Assert.That((Sys.WriteDevice(sender, "first"u8), Sys.WriteDevice(sender, "2"u8)), Is.EqualTo((Errno.None, Errno.None)));
        byte[] data = new byte[100];
        Assert.That((Sys.ReadDevice(receiver, data, out int count), count), Is.EqualTo((Errno.None, 5)));
        Assert.That((Sys.ReadDevice(receiver, data, out count), count), Is.EqualTo((Errno.None, 1)));
    }

    /// <summary>ENODATA for a message without a descriptor and for the end.</summary>
    [Test]
    public void ReceiveDescriptor_NoneSent_IsENoData()
    {
        Assert.That(Sys.StreamSocketPair(out Fd one, out Fd other), Is.EqualTo(Errno.None));
        using var receiver = new ScopedFd(other);
        using (var sender = new ScopedFd(one))
        {
            Assert.That(Sys.WriteDevice(sender, "x"u8), Is.EqualTo(Errno.None));
            Assert.That((Sys.ReceiveDescriptor(receiver, out Fd fd), fd.IsOpen), Is.EqualTo((Errno.ENODATA, false)));
        }
        Assert.That(Sys.ReceiveDescriptor(receiver, out _), Is.EqualTo(Errno.ENODATA));
    }

    /// <summary>fusermount3's way of handing over /dev/fuse, by another program.</summary>
    [Test]
    public void ReceiveDescriptor_SentByAnotherProgram_IsTheSameFileAndClosedOnExec()
    {
        Write("file", "content");
        Assert.That(Sys.StreamSocketPair(out Fd one, out Fd other), Is.EqualTo(Errno.None));
        using var receiver = new ScopedFd(other);
        using var sender = new ScopedFd(one);
        string script = $"import socket, os; s = socket.socket(fileno=int(os.environ['SOCKET'])); "
            + $"socket.send_fds(s, [b'x'], [os.open('{At("file")}', os.O_RDONLY)])";
        Assert.That(Run(["python3", "-c", script], "SOCKET=" + sender.Fd.Number, sender), Is.Zero);
        Assert.That(Sys.ReceiveDescriptor(receiver, out Fd received), Is.EqualTo(Errno.None));
        using var file = new ScopedFd(received);
        byte[] data = new byte[100];
        Assert.That((Sys.PRead(file, data, 0, out int count), count), Is.EqualTo((Errno.None, 7)));
        Assert.That(Mono.Unix.Native.Syscall.fcntl(received.Number, Mono.Unix.Native.FcntlCommand.F_GETFD), Is.EqualTo(1));
    }

    [TestCase("exit 0", 0)]
    [TestCase("exit 77", 77)]
    [TestCase("kill -9 $$", 137)]
    [TestCase("test \"$GIVEN\" = 'a value'", 0)]
    [TestCase("test -n \"$PATH\"", 0)]
    public void Spawn_Program_ExitsAndHasItsEnvironment(string script, int expected) =>
        Assert.That(Run(["sh", "-c", script], "GIVEN=a value", Fd.None), Is.EqualTo(expected));

    [Test]
    public void Spawn_OtherDescriptors_DoNotReachTheProgram([Values] bool inherited)
    {
        using var file = new ScopedFd(Open("file", OpenFlags.Create | OpenFlags.ReadOnly));
        int exit = Run(["sh", "-c", $"test -e /proc/self/fd/{file.Fd.Number}"], "X=", inherited ? file : Fd.None);
        Assert.That(exit, Is.EqualTo(inherited ? 0 : 1));
    }

    [Test]
    public void Spawn_StandardError_GoesWhereItIsSent()
    {
        using (var errors = new ScopedFd(Open("errors", OpenFlags.Create | OpenFlags.WriteOnly)))
        {
            Assert.That(Sys.Spawn(["sh", "-c", "echo gone wrong >&2"], "X=", Fd.None, errors, out int process), Is.EqualTo(Errno.None));
            Assert.That((Sys.WaitForExit(process, out int exit), exit), Is.EqualTo((Errno.None, 0)));
        }
        Assert.That(File.ReadAllText(At("errors")), Is.EqualTo("gone wrong\n"));
    }

    [Test]
    public void Spawn_NoSuchProgram_IsENoEnt() =>
        Assert.That(Sys.Spawn(["ovf-no-such-program"], "X=", Fd.None, new Fd(2), out _), Is.EqualTo(Errno.ENOENT));

    [Test]
    public void ReplaceDescriptor_NumberInUse_StandsForTheOther()
    {
        Write("new", "new");
        using var number = new ScopedFd(Open("old", OpenFlags.Create | OpenFlags.ReadWrite));
        using (var replacement = new ScopedFd(Open("new", OpenFlags.ReadOnly)))
            Assert.That(Sys.ReplaceDescriptor(replacement, number), Is.EqualTo(Errno.None));
        Assert.That((Sys.PRead(number, new byte[10], 0, out int count), count), Is.EqualTo((Errno.None, 3)));
    }

    private static int Run(string[] arguments, string variable, Fd inherited)
    {
        Assert.That(Sys.Spawn(arguments, variable, inherited, new Fd(2), out int process), Is.EqualTo(Errno.None));
        Assert.That(Sys.WaitForExit(process, out int exit), Is.EqualTo(Errno.None));
        return exit;
    }
}
