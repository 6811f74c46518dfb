using System.Diagnostics;
using OverlayFuse.Linux.Tests.Support;

namespace OverlayFuse.Linux.Tests;

/// <summary>Waiting for processes, and a thread that becomes somebody else.</summary>
internal sealed class ProcessTests : DiskTest
{
    [Test]
    public void AwaitReadable_OfAProcess_WaitsForItsEnd()
    {
        using Process process = Process.Start("sleep", ["60"]);
        Assert.That(Sys.OpenProcess(process.Id, out Fd opened), Is.EqualTo(Errno.None));
        using var end = new ScopedFd(opened);
        Assert.That(Sys.AwaitReadable(end, 1), Is.EqualTo(Errno.ETIMEDOUT));
        process.Kill();
        Assert.That(Sys.AwaitReadable(end, 60_000), Is.EqualTo(Errno.None));
    }

    [Test]
    public void OpenProcess_NoSuchProcess_IsESrch() =>
        Assert.That((Sys.OpenProcess(int.MaxValue, out Fd process), process.IsOpen), Is.EqualTo((Errno.ESRCH, false)));

    [Test]
    public void Terminate_OfAProcess_EndsIt()
    {
        using Process process = Process.Start("sleep", ["60"]);
        Assert.That(Sys.OpenProcess(process.Id, out Fd opened), Is.EqualTo(Errno.None));
        using var end = new ScopedFd(opened);
        Assert.That(Sys.Terminate(end), Is.EqualTo(Errno.None));
        Assert.That(Sys.AwaitReadable(end, 60_000), Is.EqualTo(Errno.None));
    }

    [Test]
    public void GetRandom_Twice_FillsAllWithDifferentBytes()
    {
        byte[] one = new byte[256], other = new byte[256];
        Assert.That((Sys.GetRandom(one), Sys.GetRandom(other)), Is.EqualTo((Errno.None, Errno.None)));
        Assert.That(one, Is.Not.EqualTo(other));
        Assert.That(one[^16..].Concat(other[^16..]), Has.Some.Not.Zero);
    }

    [Test]
    public void AwaitReadable_OfAPipe_SeesWhatIsWritten()
    {
        Assert.That(Sys.Pipe(out Fd readEnd, out Fd writeEnd), Is.EqualTo(Errno.None));
        using var read = new ScopedFd(readEnd);
        using var write = new ScopedFd(writeEnd);
        Assert.That(Sys.AwaitReadable(read, 0), Is.EqualTo(Errno.ETIMEDOUT));
        Assert.That(Sys.WriteDevice(write, "x"u8), Is.EqualTo(Errno.None));
        Assert.That(Sys.AwaitReadable(read, 0), Is.EqualTo(Errno.None));
    }

    /// <summary>By the kernel's view of both threads; libc's setresuid(2) would have changed the whole process.</summary>
    [Test]
    public void AssumeUser_InOneThread_LeavesTheOthers()
    {
        (Errno taken, string ids, Errno back) of = default;
        var thread = new Thread(() => of = (Sys.AssumeUser(1234, 5678), Ids($"/proc/self/task/{Sys.ThreadId}/status"),
            Sys.AssumeUser(0, 0)));
        thread.Start();
        thread.Join();
        Assert.That(of, Is.EqualTo((Errno.None, "1234 1234 1234 1234, 5678 5678 5678 5678", Errno.EPERM)));
        Assert.That(Ids("/proc/self/status"), Is.EqualTo("0 0 0 0, 0 0 0 0"));
    }

    private static string Ids(string status) => string.Join(", ", File.ReadLines(status)
        .Where(line => line.StartsWith("Uid:", StringComparison.Ordinal) || line.StartsWith("Gid:", StringComparison.Ordinal))
        .Select(line => string.Join(' ', line.Split('\t')[1..])));
}
