using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>Stress programs that verify their own data.</summary>
[TestFixture]
internal sealed class StressTests : AppTest
{
    private const string FileStressors =
        "access chmod chown copy-file dentry dir dirdeep dirmany dup fallocate fiemap file-ioctl filename flock fpunch fstat getdent hdd "
            + "lease link lockf mknod mmap open rename seek symlink sync-file touch utime xattr";

    private const string Fio = "fio --minimal --verify=crc32c --verify_fatal=1 --randrepeat=1 --size=16M --bs=4k-128k --fsync=200";

    [Test, Category("Apps")]
    public void Fio_RandomWritesOverAFileOfTheLowerLayer_EveryBlockVerifies(
        [Values("psync", "mmap", "libaio", "psync --direct=1")] string engine)
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run("fio --minimal --name=lower --filename=data --rw=write --size=16M --bs=128k --verify=crc32c --do_verify=0", lower);
        using MergedView view = MergedView.Over(Sandbox, lower);

        view.Run($"""
            {Fio} --name=lower --filename=data --rw=randwrite --ioengine={engine}
            {Fio} --name=new --numjobs=3 --rw=randrw --ioengine={engine}
            """);

        view.AssertLowersUntouched();
    }

    [Test, Category("Apps")]
    public void StressNg_AllFileStressorsForASecond_Verified() => RunStressors(1);

    [Test, Category("AppsLong")]
    public void StressNg_AllFileStressorsForTenSeconds_Verified() => RunStressors(10);

    /// <summary>
    /// stress-ng exits 2 when a stressor found wrong data; 3 and 4 say that the machine lacks something, on a bare disk too.
    /// </summary>
    private void RunStressors(int seconds)
    {
        using MergedView view = MergedView.Over(Sandbox, Sandbox.MakeDirectory("lower"));
        List<string> failed = [];
        foreach (string[] together in FileStressors.Split(' ').Chunk(4))
        {
            string stressors = string.Join(' ', together.Select(stressor => $"--{stressor} 1"));
            ToolResult result = Bash.Try($"stress-ng {stressors} --timeout {seconds} --verify --temp-path .", view.Root, seconds + 120);
            if (result.ExitCode is not (0 or 3 or 4)) failed.Add($"{stressors}: exit {result.ExitCode}\n{result.Error}");
        }
        Assert.That(failed, Is.Empty);
        Assert.That(view.Run("ls -A"), Is.Empty, "what the stressors left");
    }
}
