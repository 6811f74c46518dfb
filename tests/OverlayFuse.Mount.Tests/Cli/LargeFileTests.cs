using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>
/// Who reads the upper right after a large lower file was changed, as container engines do after umount(2), finds its copy there.
/// </summary>
internal sealed class LargeFileTests
{
    private const long Length = 400 << 20;
    private Sandbox sandbox = null!;

    [SetUp]
    public void MakeLayers()
    {
        sandbox = Sandbox.OnDisk(); // a tmpfs is copied whole before the first write
        foreach (string name in new[] { "lower", "upper", "work", "merged" }) sandbox.MakeDirectory(name);
        Bash.Run($"head -c {Length} /dev/zero >lower/large", sandbox.Root);
    }

    [TearDown]
    public void RemoveLayers() => sandbox.Dispose();

    [TestCase("true", "")]
    [TestCase("umount merged", "")]
    [TestCase("umount --lazy merged", "")]
    [TestCase("fusermount3 -u merged", "")]
    [TestCase("umount merged", ",io=open")]
    [TestCase("umount merged", ",writeback=1")]
    public void Write_ToALargeLowerFile_CopyIsInTheUpper(string unmount, string options)
    {
        string seen = Bash.Run($$"""
            {{ProgramUnderTest.Path}} -o lowerdir=lower,upperdir=upper,workdir=work{{options}} merged
            printf end >>merged/large
            {{unmount}}
            stat -c %s upper/large
            tail -c 3 upper/large
            ! mountpoint -q merged || umount merged
            """, sandbox.Root);
        Assert.That(seen, Is.EqualTo($"{Length + 3}\nend\n"));
    }
}
