using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Packaging;

/// <summary>
/// Which programs tests, benchmarks and packaging find: those of the packages that their lists name. A list that forgets one fails on the
/// machine of the person that forgot it (tests/with, tests/programs).
/// </summary>
internal sealed class ProgramTests
{
    private Sandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = Sandbox.OnDisk();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [Test]
    public void Programs_OfOnePackage_AreTheBaseAndWhatItNeeds()
    {
        string found = Bash.Run($"""
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
            '{ProgramUnderTest.Repository}/tests/programs' . strace buildah
            for name in bash mount awk apt-get dotnet strace buildah podman mkfs.erofs sqlite3; do
                if [ -e $name ]; then echo "$name is there"; else echo "$name is not"; fi
            done
            """, sandbox.Root);
        Assert.That(found, Is.EqualTo("""
            bash is there
            mount is there
            awk is there
            apt-get is there
            dotnet is there
            strace is there
            buildah is there
            podman is not
            mkfs.erofs is not
            sqlite3 is not

            """));
    }

    /// <summary>
    /// Each way from the Makefile to programs of others; what comes before (make, gcc, dotnet) is in tests/debian-packages.txt, installed
    /// first.
    /// </summary>
    [Test]
    public void Makefile_TargetsThatStartProgramsOfOthers_SeeOnlyThoseOfTheirLists()
    {
        IEnumerable<string> free = File.ReadLines(Path.Combine(ProgramUnderTest.Repository, "Makefile"))
            .Where(line => line.StartsWith('\t') && (line.Contains("packaging/package", StringComparison.Ordinal)
                || line.Contains("packaging/check", StringComparison.Ordinal) || line.Contains("bench/peers", StringComparison.Ordinal)))
            .Where(line => !line.Contains("tests/with ", StringComparison.Ordinal));
        Assert.That(free, Is.Empty);
    }

    /// <summary>Nothing but tests/run starts them so; a test explorer does not.</summary>
    [Test]
    public void Path_OfThisRun_IsOneDirectoryOfLinks()
    {
        if (Environment.GetEnvironmentVariable("OVERLAYFUSE_TESTS_ALONE") is null) Assert.Ignore("not started by tests/run");
        string path = Environment.GetEnvironmentVariable("PATH")!;
        Assert.That(path, Does.Not.Contain(':'));
        Assert.That(Directory.EnumerateFiles(path), Is.All.Matches<string>(file => new FileInfo(file).LinkTarget is not null));
    }

    /// <summary>
    /// crun gives the container's user its standard input, which is often /dev/null; tests open /dev/fuse to ordinary users.
    /// </summary>
    [Test]
    public void Devices_OfThisRun_AreNotThoseOfTheMachine()
    {
        if (Environment.GetEnvironmentVariable("OVERLAYFUSE_TESTS_ALONE") is null or "no")
            Assert.Ignore("not started by tests/run as root");
        Assert.That(Bash.Run("stat -f -c %T /dev/null /dev/fuse; stat -c '%t:%T' /dev/null /dev/fuse"),
            Is.EqualTo("tmpfs\ntmpfs\n1:3\na:e5\n"));
    }
}
