using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Packaging;

/// <summary>
/// `packaging/install`, by which `make install` and all packages are made, and what it makes of the program's lists.
/// </summary>
internal sealed class InstallationTests
{
    private static readonly string[] Files =
    [
        "bin/overlayfuse",
        "lib/systemd/system/overlayfuse-snapshotter.service",
        "lib/systemd/system/overlayfuse@.service",
        "libexec/overlayfuse/overlayfuse-tools",
        "sbin/mount.overlayfuse",
        "share/bash-completion/completions/overlayfuse",
        "share/doc/overlayfuse/CHANGELOG.md",
        "share/doc/overlayfuse/copyright",
        "share/doc/overlayfuse/examples/merged.mount",
        "share/fish/vendor_completions.d/overlayfuse.fish",
        "share/man/man1/overlayfuse.1",
        "share/man/man8/mount.overlayfuse.8",
        "share/overlayfuse/apparmor/fusermount3",
        "share/overlayfuse/apparmor/overlayfuse",
        "share/zsh/site-functions/_overlayfuse",
    ];

    private Sandbox sandbox = null!;

    [SetUp]
    public void Install()
    {
        sandbox = Sandbox.OnDisk();
        Run("install", Overlayfuse.Path, Overlayfuse.Tools, sandbox.PathOf("root"), "/opt/here");
    }

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [Test]
    public void Install_IntoAnEmptyRoot_PutsTheseFiles() => Assert.That(Installed(), Is.EqualTo(Files));

    [Test]
    public void Remove_BesideFilesOfOthers_LeavesThoseOnly()
    {
        string other = Path.Combine(sandbox.MakeDirectory("root", "share", "man", "man1"), "other.1");
        File.WriteAllText(other, "");
        Run("install", "--remove", sandbox.PathOf("root"));
        Assert.That(Installed(), Is.EqualTo(new[] { "share/man/man1/other.1" }));
        string[] own = ["share/doc/overlayfuse", "share/overlayfuse", "libexec/overlayfuse"];
        Assert.That(own.Select(directory => sandbox.PathOf("root", directory)).Where(Directory.Exists), Is.Empty);
    }

    [TestCase("overlayfuse@.service")]
    [TestCase("overlayfuse-snapshotter.service")]
    public void Service_ForAnotherPrefix_StartsTheProgramThere(string unit) =>
        Assert.That(File.ReadAllText(sandbox.PathOf("root", "lib", "systemd", "system", unit)),
            Does.Contain("ExecStart=/opt/here/bin/overlayfuse ").And.Not.Contain("/usr/local"));

    [Test]
    public void Profile_ForAnotherPrefix_IsOfTheProgramThere() =>
        Assert.That(File.ReadAllText(sandbox.PathOf("root", "share", "overlayfuse", "apparmor", "overlayfuse")),
            Does.Contain("profile overlayfuse /opt/here/bin/overlayfuse ").And.Not.Contain("/usr/local"));

    /// <summary>native/tools.c looks for the second program in libexec.</summary>
    [Test]
    public void Tools_OfAnInstallation_AreExecutedByTheProgram() =>
        Assert.That(Bash.Run($"strace -f -o trace -e trace=execve '{sandbox.PathOf("root", "bin", "overlayfuse")}' completion --help "
            + "|| true; grep -c 'libexec/overlayfuse/overlayfuse-tools.*= 0' trace", sandbox.Root), Does.EndWith("1\n"));

    /// <summary>A verb without a section is not described, a section without a verb makes packaging/manual fail.</summary>
    [Test]
    public void Manual_OfTheProgram_HasASectionForEachVerb()
    {
        string[] verbs = [.. Bash.Run($"'{Overlayfuse.Path}' --help | sed -n '/^Commands:/,$s/^  \\([a-z][a-z-]*\\).*/\\1/p'")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        string[] sections = [.. Manual().Where(line => line.StartsWith(".SS ", StringComparison.Ordinal))
            .Select(line => Plain(line[".SS ".Length..]))];
        Assert.That(verbs, Has.Member("run").And.Member("unmount"));
        Assert.That(sections, Is.EquivalentTo(verbs));
    }

    [Test]
    public void Manual_OfTheProgram_NamesEachMountOption()
    {
        string[] options = [.. Tool.Run(Overlayfuse.Path, "options").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', '=')[0])];
        Assert.That(options, Has.Length.GreaterThan(100));
        string[] named = [.. Manual().Where(line => line.StartsWith("\\fB", StringComparison.Ordinal))
            .Select(line => Plain(line["\\fB".Length..].Split("\\fR")[0]))];
        Assert.That(options, Is.SubsetOf(named));
    }

    /// <summary>Where the texts have backslashes and hyphens.</summary>
    [TestCase(@"lower layers, topmost first, then data\-only ones; \e: \e, \e\e stand for : , \e")]
    [TestCase(@"\fB\-a\fR, \fB\-\-all\fR")]
    [TestCase(@"\fB\-\-timeout\fR \fISECONDS\fR")]
    public void Manual_OfTheProgram_HasTheLine(string line) => Assert.That(Manual(), Has.Member(line));

    private static void Run(string script, params string[] arguments) =>
        Tool.Run(Path.Combine(ProgramUnderTest.Repository, "packaging", script), arguments);

    private static string Plain(string roff) => roff.Replace("\\-", "-", StringComparison.Ordinal);

    private string[] Manual() => File.ReadAllLines(sandbox.PathOf("root", "share", "man", "man1", "overlayfuse.1"));

    private string[] Installed() =>
        [.. Directory.EnumerateFiles(sandbox.PathOf("root"), "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(sandbox.PathOf("root"), path)).Order(StringComparer.Ordinal)];
}
