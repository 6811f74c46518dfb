using System.Text.RegularExpressions;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Packaging;

/// <summary>
/// The lines for fstab and systemd, run as they are written but for the places. (Under systemd itself: packaging/check/under-systemd.)
/// </summary>
internal sealed partial class BootTests
{
    private CliSandbox sandbox = null!;

    [SetUp]
    public void Install()
    {
        sandbox = new CliSandbox();
        Tool.Run(Path.Combine(ProgramUnderTest.Repository, "packaging", "install"), Overlayfuse.Path, Overlayfuse.Tools,
            sandbox.PathOf("local"), "/usr/local");
    }

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase("docs/usage.md")]
    [TestCase("packaging/man/mount.overlayfuse.8")]
    public void Fstab_LineOfAPage_Mounts(string page)
    {
        File.WriteAllText(sandbox.PathOf("fstab"), Here(FstabLine().Match(Read(page)).Value) + "\n");
        MountAndLook("mount -T fstab $PWD/m");
        Assert.That(File.ReadAllText(sandbox.PathOf("seen")), Is.EqualTo("of a"));
    }

    [Test]
    public void MountUnit_OfSystemd_Mounts()
    {
        string unit = Here(Read("packaging/systemd/merged.mount"));
        MountAndLook($"mount -t {Value(unit, "Type")} -o {Value(unit, "Options")} {Value(unit, "What")} {Value(unit, "Where")}");
        Assert.That(File.ReadAllText(sandbox.PathOf("seen")), Is.EqualTo("of a"));
    }

    [Test]
    public void Service_OfSystemd_MountsAndUnmounts()
    {
        string unit = Read("packaging/systemd/overlayfuse@.service")
            .Replace("/usr/local", sandbox.PathOf("local"), StringComparison.Ordinal);
        string options = Here(Comment().Match(unit).Groups[1].Value);
        sandbox.Shell($"OPTIONS='{options}'; " + Value(unit, "ExecStart").Replace("%f", sandbox.MountPoint, StringComparison.Ordinal));
        File.WriteAllText(sandbox.PathOf("m", "new"), "written");
        sandbox.Shell(Value(unit, "ExecStop").Replace("%f", sandbox.MountPoint, StringComparison.Ordinal));
        Assert.That(MountTable.IsMountpoint(sandbox.MountPoint), Is.False);
        Assert.That(File.ReadAllText(sandbox.PathOf("u", "new")), Is.EqualTo("written"));
    }

    private static string Read(string page) => File.ReadAllText(Path.Combine(ProgramUnderTest.Repository, page));

    private static string Value(string unit, string key) =>
        unit.Split('\n').Single(line => line.StartsWith(key + "=", StringComparison.Ordinal))[(key.Length + 1)..];

    /// <summary>/a, /b, /u, /w and /merged are those of the sandbox.</summary>
    private string Here(string text) => Place().Replace(text, match => sandbox.PathOf(match.Groups[1].Value[..1]));

    /// <summary>In a mount namespace of its own, gone with the test, where the program is in /usr/local/bin.</summary>
    private void MountAndLook(string command) =>
        sandbox.Shell("unshare -m sh -ec 'mount -t overlay o -o lowerdir=$PWD/local/bin:/usr/local/bin /usr/local/bin; "
            + "export PATH=/usr/local/bin:$PATH; " +
            $"{command}; cat m/file >seen; overlayfuse unmount m'");

    [GeneratedRegex("overlay /merged fuse[^\n`]*")]
    private static partial Regex FstabLine();

    [GeneratedRegex("#   OPTIONS=(.*)")]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?<=[=:\s])/(merged|[abuw])(?=[,:\s]|$)")]
    private static partial Regex Place();
}
