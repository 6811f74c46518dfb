using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Soak;

namespace OverlayFuse.Mount.Tests.WriteBack;

/// <summary>writeback=1: what becomes of data that the kernel holds, when the mount ends, the disk is full, or layers change.</summary>
internal sealed class LifeTests : AppTest
{
    private const int Length = 5 << 20;
    private readonly byte[] data = new byte[Length];
    private FuseOverlay? mount;
    private int fd = -1;

    private string Upper => Sandbox.PathOf("upper");

    [OneTimeSetUp]
    public void MakeData() => new Random(1).NextBytes(data);

    [TearDown]
    public void Unmount()
    {
        if (fd >= 0) _ = Syscall.close(fd);
        fd = -1;
        mount?.Dispose();
        mount = null;
    }

    [Test]
    public void Mount_WithWriteBack_SaysSoAndAsksForOpens()
    {
        string trace = Bash.Run($$"""
            mkdir -p lower upper work merged
            {{ProgramUnderTest.Path}} -f -d -o lowerdir=lower,upperdir=upper,workdir=work,writeback=1 merged 2>trace & daemon=$!
            for i in $(seq 200); do mountpoint -q merged && break; sleep 0.05; done
            umount merged; wait $daemon; cat trace
            """, Sandbox.Root);
        Assert.That(trace.Split('\n'), Has.Member("io=open").And.Member("  + WritebackCache"));
    }

    [Test]
    public void Unmount_RightAfterWriting_AllIsInTheUpper()
    {
        Mount();
        Write("f", close: true);
        Bash.Run("python3 -c \"import mmap, os; f = os.open('m', os.O_RDWR | os.O_CREAT); os.ftruncate(f, 8192); m = mmap.mmap(f, 8192); "
            + "m[5000:5005] = b'store'\"", mount!.Mountpoint);
        mount.Unmount();
        Assert.That(File.ReadAllBytes(Upper + "/f"), Is.EqualTo(data));
        Assert.That(File.ReadAllBytes(Upper + "/m")[5000..5005], Is.EqualTo("store"u8.ToArray()));
    }

    [TestCase(Signum.SIGTERM)]
    [TestCase(Signum.SIGINT)]
    public void Signal_WhileAFileIsOpen_WhatWasWrittenIsInTheUpper(Signum signal)
    {
        Mount();
        Write("f", close: false);
        DaemonProcess.Signal(mount!.Daemons, signal);
        DaemonProcess.AssertEnded(mount.Daemons, $"{signal}");
        Assert.That(File.ReadAllBytes(Upper + "/f"), Is.EqualTo(data));
    }

    /// <summary>What was synced is there, what was not is told to who wrote it, and the kernel mounts what is left.</summary>
    [Test]
    public void Kill_BetweenWritesAndClose_SyncedDataStayAndTheRestIsTold()
    {
        Mount();
        Write("f", close: false);
        Tool.Check(Syscall.fsync(fd), "fsync");
        Tool.Check(Files.WriteAll(fd, [1, 2, 3], 0), "pwrite");
        DaemonProcess.Signal(mount!.Daemons, Signum.SIGKILL);
        DaemonProcess.AssertEnded(mount.Daemons, "SIGKILL");
        Assert.That(Syscall.fsync(fd), Is.EqualTo(-1));
        Unmount();
        using OverlayMount kernel = KernelOverlay.Mount(Options, Sandbox.PathOf("merged"));
        Assert.That(File.ReadAllBytes(kernel.Mountpoint + "/f"), Is.EqualTo(data));
    }

    [Test]
    public void Write_DiskFull_IsToldBySyncOrClose([Values] bool syncs)
    {
        string disk = Sandbox.MakeFileSystem("ext4", 4);
        mount = (FuseOverlay)ProgramUnderTest.Mount(new OverlayOptions([Sandbox.MakeDirectory("lower")],
            Directory.CreateDirectory(disk + "/u").FullName, Directory.CreateDirectory(disk + "/w").FullName, "writeback=1"),
            Sandbox.PathOf("merged"));
        fd = Open("f", O.CREAT | O.WRONLY);
        long written = Files.WriteAll(fd, data, 0);
        int answer = syncs ? Syscall.fsync(fd) : Syscall.close(fd);
        Errno error = Stdlib.GetLastError();
        if (!syncs) fd = -1;
        Assert.That((written, answer, error), Is.EqualTo(((long)Length, -1, Errno.ENOSPC)));
    }

    /// <summary>
    /// syncfs(2) has times and data sent at once, in any order; without it the time may be sent before the data or not at all.
    /// </summary>
    [Test]
    public void Stat_AfterTheNextMount_HasTheTimesThatWereSeen([Values] bool syncs)
    {
        Mount();
        string[] names = [.. Enumerable.Range(0, 10).Select(i => $"f{i}")];
        var seen = new List<(long, long)>();
        foreach (string name in names)
        {
            Write(name, close: false);
            if (syncs) Tool.Check(Libc.syncfs(fd), "syncfs");
            Thread.Sleep(10); // of the file system's clock
            Tool.Check(Syscall.close(fd), "close");
            fd = -1;
            seen.Add(TimeOf(name));
        }
        mount!.Unmount();
        Mount();
        Assert.That(names.Select(TimeOf), Is.EqualTo(seen));
    }

    /// <summary>A WRITE and the time that the kernel tells come at the same moment, in any order.</summary>
    [Test]
    public void Stat_AfterTheNextMountOfFilesSyncedWhileTheyWereWritten_HasTheTimesThatWereSeen()
    {
        Mount();
        string[] names = [.. Enumerable.Range(0, 40).Select(i => $"f{i}")];
        Bash.Run("""
            python3 - <<'END'
            import ctypes, os, threading
            libc = ctypes.CDLL(None)
            root = os.open('.', os.O_RDONLY)
            over = False
            def sync():
                while not over: libc.syncfs(root)
            threads = [threading.Thread(target=sync) for _ in range(2)]
            for t in threads: t.start()
            for i in range(40):
                f = os.open(f'f{i}', os.O_CREAT | os.O_RDWR)
                for n in range(100): os.pwrite(f, b'x' * 20000, n * 20000)
                os.close(f)
            over = True
            for t in threads: t.join()
            END
            """, mount!.Mountpoint);
        var seen = names.Select(TimeOf).ToList();
        mount!.Unmount();
        Mount();
        Assert.That(names.Select(TimeOf), Is.EqualTo(seen));
    }

    /// <summary>The kernel writes back the time of change of what it has unlinked: no reason for a copy.</summary>
    [Test]
    public void Unlink_LowerFileThatIsOpen_CopiesNothing()
    {
        Mount();
        fd = Open("low", O.RDONLY);
        Tool.Check(Syscall.unlink(PathOf("low")), "unlink");
        Tool.Check(Libc.syncfs(fd), "syncfs");
        string opened = Bash.Run($"ls -l /proc/{mount!.Daemons[0]}/fd");
        Assert.That(opened, Does.Not.Contain("/upper/low").And.Not.Contain("/work/work/#"));
        Assert.That(Bash.Run("find . -type f", Upper), Is.Empty);
    }

    [Test]
    public void Refresh_LowerFileGrewBehindTheMount_ShowsIt()
    {
        Mount();
        Assert.That(new FileInfo(PathOf("low")).Length, Is.EqualTo(Length));
        File.AppendAllText(Sandbox.PathOf("lower", "low"), "more");
        Tool.Run(ProgramUnderTest.Path, "refresh", mount!.Mountpoint);
        Assert.That(File.ReadAllBytes(PathOf("low")), Has.Length.EqualTo(Length + 4));
    }

    [Test]
    public void Refresh_WithASingleThreadBesideUnwrittenData_EndsAndKeepsThem()
    {
        Mount("-s");
        Write("f", close: false);
        Tool.Run("timeout", "60", ProgramUnderTest.Path, "refresh", mount!.Mountpoint);
        Assert.That(File.ReadAllBytes(Upper + "/f"), Is.EqualTo(data));
    }

    /// <summary>The upper file itself has chattr +a: pages are not what can be appended.</summary>
    [Test]
    public void Append_ToFileThatIsAppendOnlyOnItsDisk_AddsOnlyWhatIsNew()
    {
        Mount();
        File.WriteAllText(PathOf("f"), "one\n");
        mount!.Unmount();
        Bash.Run("chattr +a f", Upper);
        try
        {
            Mount();
            Bash.Run("for i in 2 3 4; do echo $i >>f; done", mount.Mountpoint);
            Assert.That(File.ReadAllText(Upper + "/f"), Is.EqualTo("one\n2\n3\n4\n"));
        }
        finally
        {
            Bash.Run("chattr -a f", Upper);
        }
    }

    private OverlayOptions Options => new([Sandbox.PathOf("lower")], Upper, Sandbox.PathOf("work"));

    private void Mount(string word = "")
    {
        foreach (string name in new[] { "lower", "upper", "work" }) Sandbox.MakeDirectory(name);
        if (!File.Exists(Sandbox.PathOf("lower", "low"))) File.WriteAllBytes(Sandbox.PathOf("lower", "low"), data);
        string program = ProgramUnderTest.Path;
        if (word.Length > 0)
        {
            program = Sandbox.PathOf("starter");
            File.WriteAllText(program, $"#!/bin/sh\nexec {ProgramUnderTest.Path} {word} \"$@\"\n");
            Bash.Run("chmod 755 " + program);
        }
        mount = FuseOverlay.Mount(program, Options with { Io = OverlayOptions.OpenWithWriteBack }, Sandbox.PathOf("merged"));
    }

    private string PathOf(string name) => Sandbox.PathOf("merged", name);

    private int Open(string name, O flags) =>
        (int)Tool.Check(Libc.openat(Libc.AT_FDCWD, Libc.Bytes(PathOf(name)), flags | O.CLOEXEC, Mode.Bits(644)), "open " + name);

    private void Write(string name, bool close)
    {
        fd = Open(name, O.CREAT | O.RDWR);
        Tool.Check(Files.WriteAll(fd, data, 0), "pwrite");
        if (!close) return;
        Tool.Check(Syscall.close(fd), "close");
        fd = -1;
    }

    private (long Seconds, long Nanoseconds) TimeOf(string name)
    {
        Tool.Check(Syscall.stat(PathOf(name), out Stat stat), "stat " + name);
        return (stat.st_mtime, stat.st_mtime_nsec);
    }
}
