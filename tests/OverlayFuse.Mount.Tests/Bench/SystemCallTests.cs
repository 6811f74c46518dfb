using System.Globalization;
using System.Text.RegularExpressions;
using Mono.Unix.Native;
using OverlayFuse.BenchPeers;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Bench;

/// <summary>
/// Counts by strace what one operation costs the daemon. Requests and system calls are those that docs/performance.md has under
/// "What an operation costs", so nothing is added unseen. On ext4, as root, with the default options.
/// </summary>
internal sealed partial class SystemCallTests
{
    private const int Files = 100;

    /// <summary>What threads that wake each other, and the directory itself, add to one of <see cref="Files"/>.</summary>
    private const double Stray = 1.0;

    private Sandbox sandbox = null!;
    private FuseOverlay mount = null!;
    private RingSwitch _ring = null!;

    private static readonly Dictionary<string, Func<string, long>> Operations = new()
    {
        ["stat(2) of a lower file, first time"] = path => Syscall.stat(path, out _),
        ["read of a small lower file that is known, first time"] = Read,
        ["creat(2), write(2), close(2)"] = path => Write(path + ".new", OpenFlags.O_CREAT | OpenFlags.O_EXCL),
        ["chmod(2) of a known lower file: copy-up"] = path => Syscall.chmod(path, FilePermissions.S_IRUSR),
        ["write(2) to a known lower file: copy-up"] = path => Write(path, OpenFlags.O_APPEND),
        ["chmod(2) of a known upper file"] = path => Syscall.chmod(path, FilePermissions.S_IRUSR | FilePermissions.S_IWUSR),
        ["rename(2) of a known upper file"] = path => Syscall.rename(path, path + ".renamed"),
        ["unlink(2) of a known upper file"] = path => Syscall.unlink(path),
        ["unlink(2) of a known lower file: whiteout"] = path => Syscall.unlink(path),
        ["mkdir(2)"] = path => Syscall.mkdir(path + ".directory", FilePermissions.ACCESSPERMS),
    };

    private static IEnumerable<string> Names => Operations.Keys;

    [OneTimeSetUp]
    public void Mount()
    {
        // Requests are counted by the calls of /dev/fuse that carry them.
        _ring = new RingSwitch(false);
        sandbox = Sandbox.OnDisk();
        string disk = sandbox.MakeFileSystem("ext4", 64);
        Directory.CreateDirectory(disk + "/work");
        for (int operation = 0; operation < Operations.Count; operation++)
        {
            foreach (string layer in new[] { "lower", "upper" })
            {
                Directory.CreateDirectory($"{disk}/{layer}/{operation}");
                for (int i = 0; i < Files; i++) File.WriteAllText($"{disk}/{layer}/{operation}/{layer}{i}", "of the " + layer);
            }
        }
        mount = FuseOverlay.Mount(ProgramUnderTest.Path, new OverlayOptions([disk + "/lower"], disk + "/upper", disk + "/work"),
            sandbox.PathOf("merged"));
        Thread.Sleep(1500); // what the start does afterwards is over
    }

    [OneTimeTearDown]
    public void Unmount()
    {
        mount?.Dispose();
        sandbox?.Dispose();
        _ring.Dispose();
    }

    [TestCaseSource(nameof(Names))]
    public void Operation_CountedByStrace_CostsWhatThePageSays(string operation)
    {
        (double requests, double calls) = Documented(operation);
        string directory = $"{mount.Mountpoint}/{Names.ToList().IndexOf(operation)}";
        string layer = operation.Contains("upper", StringComparison.Ordinal) ? "upper" : "lower";
        string[] paths = [.. Enumerable.Range(0, Files).Select(i => $"{directory}/{layer}{i}")];
        Assert.That(Syscall.access(directory, AccessModes.F_OK), Is.Zero);
        if (operation.Contains("known", StringComparison.Ordinal))
            Assert.That(paths.Select(path => Syscall.access(path, AccessModes.F_OK)), Is.All.Zero);

        IReadOnlyDictionary<string, long> counts = CallCounter.During(mount.Daemons.Single(),
            () => Assert.That(paths.Select(Operations[operation]), Is.All.Not.Negative));

        double reads = 1.0 * counts.GetValueOrDefault("read") / Files,
            all = 1.0 * counts.Where(call => call.Key is not ("futex" or "madvise")).Sum(call => call.Value) / Files;
        Assert.Multiple(() =>
        {
            Assert.That(reads, Is.EqualTo(requests).Within(Stray / 2), "requests");
            Assert.That(all, Is.EqualTo(calls).Within(Stray),
                string.Join(' ',
                    counts.OrderByDescending(call => call.Value).Take(14).Select(call => $"{call.Key} {1.0 * call.Value / Files:F2}")));
        });
    }

    [Test]
    public void Table_OfThePage_NamesTheseOperations() =>
        Assert.That(TableRow().Matches(Page()).Select(row => row.Groups[1].Value), Is.EquivalentTo(Names));

    private static string Page() => File.ReadAllText(Path.Combine(ProgramUnderTest.Repository, "docs/performance.md"));

    private static (double Requests, double Calls) Documented(string operation)
    {
        Match row = TableRow().Matches(Page()).Single(row => row.Groups[1].Value == operation);
        return (double.Parse(row.Groups[2].Value, CultureInfo.InvariantCulture),
            double.Parse(row.Groups[3].Value, CultureInfo.InvariantCulture));
    }

    private static long Read(string path)
    {
        int fd = Syscall.open(path, OpenFlags.O_RDONLY);
        byte[]? data = Harness.Files.Read(fd, 4096, 0);
        _ = Syscall.close(fd);
        return data?.Length ?? -1;
    }

    private static long Write(string path, OpenFlags flags)
    {
        int fd = Syscall.open(path, OpenFlags.O_WRONLY | flags, FilePermissions.DEFFILEMODE);
        long written = Harness.Files.Write(fd, [1, 2, 3]);
        _ = Syscall.close(fd);
        return written;
    }

    /// <summary>| operation | requests | calls |.</summary>
    [GeneratedRegex(@"^\| ([^|]+\(2\)[^|]*|read [^|]+) \| (\d+) \| (\d+) \|", RegexOptions.Multiline)]
    private static partial Regex TableRow();
}
