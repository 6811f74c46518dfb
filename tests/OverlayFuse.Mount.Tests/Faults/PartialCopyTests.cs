using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Faults;

/// <summary>
/// Large lower files on a disk without reflinks: the first write does not wait for the copy, and nobody can tell. The oracle is the same
/// change of a copy on the bare disk, or a model in memory.
/// </summary>
[TestFixture, Category("Faults")]
internal sealed class PartialCopyTests : AppTest
{
    private const int Size = (12 << 20) + 4321, Largest = 16 << 20;

    /// <summary>Random writes, reads and truncations while the rest is being copied, as fsx does.</summary>
    [Test]
    public void Change_WhileTheRestIsCopied_EveryByteAsInAModel([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        string lower = MakeLower();
        using MergedView view = MergedView.OverIncrementally(Sandbox, lower);
        byte[] model = new byte[Largest];
        File.ReadAllBytes(lower + "/big").CopyTo(model, 0);
        int size = Size, fd = Syscall.open(view.Root + "/big", OpenFlags.O_RDWR);
        Tool.Check(fd, "open");
        for (int step = 0; step < 60; step++)
            size = Step(random, fd, model, size);
        Tool.Check(Syscall.close(fd), "close");

        Assert.That(File.ReadAllBytes(view.Root + "/big").AsSpan().SequenceEqual(model.AsSpan(0, size)), "through the mount");
        view.Unmount();
        Assert.That(File.ReadAllBytes(view.Upper + "/big").AsSpan().SequenceEqual(model.AsSpan(0, size)), "in the upper layer");
        view.AssertLowersUntouched();
    }

    /// <summary>What needs the whole copy waits for it, and the other names and forms of the file have all of it.</summary>
    [TestCase("mv big other", "other")]
    [TestCase("ln big other", "other")]
    [TestCase("setfattr -n user.x -v y big", "big")]
    [TestCase("fallocate -p -o 4096 -l 4096 big", "big")]
    [TestCase("cp --reflink=never big other", "other")]
    [TestCase("mkdir d; mv big d/big; mv d e", "e/big")]
    [TestCase("truncate -s 5000000 big", "big")]
    [TestCase("truncate -s 5000000 big; truncate -s 9000000 big", "big")]
    [TestCase("exec 3<big; rm big; cat <&3 >saved", "saved")]
    [TestCase("chmod 600 big; chown 5:6 big", "big")]
    public void Use_RightAfterTheFirstWrite_AsOnTheBareDisk(string use, string result)
    {
        string lower = MakeLower(), bare = Sandbox.MakeDirectory("bare");
        Bash.Run($"cp -p {lower}/big big", bare);
        using MergedView view = MergedView.OverIncrementally(Sandbox, lower);
        string script = $"printf changed | dd of=big conv=notrunc bs=1 seek=7000000 status=none; {use}; sha256sum < {result}; "
            + $"stat -c '%s %a %u %g %h' {result}";

        string seen = view.Run(script);

        Assert.That(seen, Is.EqualTo(Bash.Run(script, bare)));
        using (OverlayMount kernel = view.MountByKernel())
            Assert.That(Bash.Run($"sha256sum < {result}", kernel.Mountpoint), Is.EqualTo(Bash.Run($"sha256sum < {result}", bare)),
                "as the kernel shows the upper");
        view.AssertLowersUntouched();
    }

    [Test]
    public void Fsync_AfterTheFirstWrite_WholeCopyIsInTheUpperWhenItReturns()
    {
        using MergedView view = MergedView.OverIncrementally(Sandbox, MakeLower());

        string inUpper = view.Run($"printf changed | dd of=big conv=notrunc,fsync bs=1 seek=7000000 status=none; "
            + $"sha256sum < {view.Upper}/big");

        Assert.That(inUpper, Is.EqualTo(view.Run("sha256sum < big")));
        view.AssertLowersUntouched();
    }

    /// <summary>Copying changes the copy's times all the time; only a write may be seen in them.</summary>
    [Test]
    public void Stat_WhileTheRestIsCopied_TimesAreThoseOfTheLastChange()
    {
        string lower = MakeLower();
        Bash.Run("touch -d @1000 big", lower);
        using MergedView view = MergedView.OverIncrementally(Sandbox, lower);

        Assert.That(view.Run("chmod 600 big; for i in 1 2 3 4 5 6; do stat -c %Y big; ls -la >/dev/null; done | uniq; sync big; "
            + "stat -c %Y big"), Is.EqualTo("1000\n1000\n"));
        Assert.That(view.Run("touch -d @2000 big; stat -c %Y big; printf x >> big; test $(stat -c %Y big) -gt 2000"), Is.EqualTo("2000\n"));
        Assert.That(Bash.Run("stat -c '%a %Y' big", lower), Does.EndWith(" 1000\n"));
        view.AssertLowersUntouched();
    }

    [Test]
    public void MapShared_LargeLowerFile_WritesReachTheCopyOnly()
    {
        string lower = MakeLower();
        using MergedView view = MergedView.OverIncrementally(Sandbox, lower);

        view.Run("/usr/bin/python3 -c 'import mmap\nf = open(\"big\", \"r+b\")\nm = mmap.mmap(f.fileno(), 0)\nfor at in range(0, len(m), "
            + "1000003): m[at:at + 3] = b\"new\"\nm.flush()'");

        byte[] expected = File.ReadAllBytes(lower + "/big");
        for (int at = 0; at < expected.Length; at += 1000003) "new"u8.CopyTo(expected.AsSpan(at));
        Assert.That(File.ReadAllBytes(view.Root + "/big").AsSpan().SequenceEqual(expected));
        view.Unmount();
        Assert.That(File.ReadAllBytes(view.Upper + "/big").AsSpan().SequenceEqual(expected));
        view.AssertLowersUntouched();
    }

    private static int Step(Random random, int fd, byte[] model, int size)
    {
        int offset = Math.Min(Largest - 1, (random.Next(Largest >> 18) << 18) + random.Next(3) * random.Next(1 << 18));
        int length = Math.Min(Largest - offset, 1 + random.Next(1 << random.Next(4, 21)));
        switch (random.Next(6))
        {
            case 0 when random.Next(4) == 0:
                Tool.Check(Syscall.ftruncate(fd, offset), "ftruncate");
                if (offset < size) Array.Clear(model, offset, size - offset);
                return offset;
            case 1 or 2:
                byte[] data = new byte[length];
                random.NextBytes(data);
                Tool.Check(Files.WriteAll(fd, data, offset), "pwrite");
                data.CopyTo(model, offset);
                return Math.Max(size, offset + length);
            default:
                byte[] read = Files.Read(fd, length, offset) ?? [];
                Assert.That(read.AsSpan().SequenceEqual(model.AsSpan(offset, Math.Clamp(size - offset, 0, length))),
                    $"read {offset}+{length} of {size}");
                return size;
        }
    }

    /// <summary>Data, with a hole in the middle.</summary>
    private string MakeLower()
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run($"head -c {Size} /dev/urandom > big; fallocate -p -o 3000000 -l 2000000 big; chmod 644 big", lower);
        return lower;
    }
}
