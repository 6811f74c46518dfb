using Mono.Unix.Native;
using OverlayFuse.Linux.Tests.Support;

namespace OverlayFuse.Linux.Tests;

/// <summary>Owner, mode and times, of names, of symbolic links themselves and of descriptors, those of O_PATH too.</summary>
internal sealed class AttributeTests : DiskTest
{
    private static readonly TimeSpec s_long = new(4_000_000_000, 999_999_999);
    private static readonly TimeSpec s_early = new(-2, 1);

    [SetUp]
    public void MakeEntries()
    {
        Write("file");
        File.CreateSymbolicLink(At("link"), "file");
    }

    [TestCase("file")]
    [TestCase("link")]
    public void FChownAt_Name_ChangesItAndWhatItPointsToNot(string name)
    {
        Assert.That(Sys.FChownAt(Root, Name.From(name), 70000, 80000), Is.EqualTo(Errno.None));
        Assert.That((Stat(name).st_uid, Stat(name).st_gid), Is.EqualTo((70000u, 80000u)));
        Assert.That(Stat("file").st_uid, Is.EqualTo(name == "file" ? 70000u : 0u));
    }

    [Test]
    public void FChownAt_OneOfBoth_LeavesTheOther()
    {
        Assert.That(Sys.FChownAt(Root, Name.From("file"), 5, uint.MaxValue), Is.EqualTo(Errno.None));
        Assert.That(Sys.FChownAt(Root, Name.From("file"), uint.MaxValue, 6), Is.EqualTo(Errno.None));
        Assert.That((Stat("file").st_uid, Stat("file").st_gid), Is.EqualTo((5u, 6u)));
    }

    [TestCase("file")]
    [TestCase("link")]
    public void AnyChange_OfADescriptorOpenedByPath_ChangesTheFileItself(string name)
    {
        using var path = new ScopedFd(Open(name, OpenFlags.Path | OpenFlags.NoFollow));
        Assert.That(Sys.FChownAt(path, Name.Empty, 7, 8), Is.EqualTo(Errno.None));
        Assert.That(Sys.UTimeNsAt(path, Name.Empty, s_early, s_long), Is.EqualTo(Errno.None));
        Stat stat = Stat(name);
        Assert.That((stat.st_uid, stat.st_gid), Is.EqualTo((7u, 8u)));
        Assert.That((stat.st_atime, stat.st_atime_nsec, stat.st_mtime, stat.st_mtime_nsec),
            Is.EqualTo((-2L, 1L, 4_000_000_000L, 999_999_999L)));
        Assert.That(Stat("file").st_uid, Is.EqualTo(name == "file" ? 7u : 0u));
    }

    [TestCase(0u)]
    [TestCase(0xFFFu)]
    [TestCase(0x9C0u)]
    public void FChModAt_AnyMode_IsSetByNameAndByDescriptor(uint mode)
    {
        Assert.That(Sys.FChModAt(Root, Name.From("file"), mode), Is.EqualTo(Errno.None));
        Assert.That((uint)Stat("file").st_mode & 0xFFF, Is.EqualTo(mode));
        using var path = new ScopedFd(Open("file", OpenFlags.Path));
        Assert.That(Sys.FChModAt(path, Name.Empty, mode ^ 0xFFF), Is.EqualTo(Errno.None));
        Assert.That((uint)Stat("file").st_mode & 0xFFF, Is.EqualTo(mode ^ 0xFFF));
    }

    [Test]
    public void FChModAt_SymbolicLink_IsRefusedAndNotFollowed()
    {
        uint before = (uint)Stat("file").st_mode;
        Assert.That(Sys.FChModAt(Root, Name.From("link"), 0), Is.EqualTo(Errno.EOPNOTSUPP));
        Assert.That((uint)Stat("file").st_mode, Is.EqualTo(before));
    }

    [Test]
    public void UTimeNsAt_OmitAndNow_AreKeptApart()
    {
        Assert.That(Sys.UTimeNsAt(Root, Name.From("file"), s_early, s_early), Is.EqualTo(Errno.None));
        long start = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.That(Sys.UTimeNsAt(Root, Name.From("file"), TimeSpec.Omit, TimeSpec.Now), Is.EqualTo(Errno.None));
        Assert.That((Stat("file").st_atime, Stat("file").st_atime_nsec), Is.EqualTo((-2L, 1L)));
        Assert.That(Stat("file").st_mtime, Is.InRange(start - 1, DateTimeOffset.UtcNow.ToUnixTimeSeconds()));
    }

    [Test]
    public void UTimeNsAt_TimesOfAStatx_AreTheSameAgain()
    {
        Assert.That(Sys.UTimeNsAt(Root, Name.From("file"), s_early, s_long), Is.EqualTo(Errno.None));
        Assert.That(Sys.StatxAt(Root, Name.From("file"), out Statx stat), Is.EqualTo(Errno.None));
        Assert.That((stat.Atime.ToTimeSpec(), stat.Mtime.ToTimeSpec()), Is.EqualTo((s_early, s_long)));
    }

    [Test]
    public void AnyChange_OfWhatIsNotThere_IsENoEnt()
    {
        Name absent = Name.From("absent");
        Assert.That(
            (Sys.FChownAt(Root, absent, 0, 0), Sys.FChModAt(Root, absent, 0), Sys.UTimeNsAt(Root, absent, s_long, s_long)),
            Is.EqualTo((Errno.ENOENT, Errno.ENOENT, Errno.ENOENT)));
    }
}
