using System.Diagnostics;
using System.Globalization;

namespace OverlayFuse.Testing.Tests.Support;

/// <summary>
/// A directory with a lower one, a temporary one and a copy of the program of its own, so that its processes are told from others'. After
/// each test nothing may be left: no process of the program, no mount, nothing in the temporary directory; and the lower one is what it
/// was.
/// </summary>
internal abstract class OverlayTest
{
    private const int Patience = 10_000;
    private const string ShowLower = "find lower | sort | xargs -d '\\n' stat -c '%n %F %a %u %s %Y'; find lower -type f | sort | "
        + "xargs -d '\\n' cat";

    private string _before = "";

    protected string Root { get; private set; } = "";

    protected string Lower => Path.Combine(Root, "lower");

    protected string Program => Path.Combine(Root, "overlayfuse");

    protected OverlayMountOptions Options => new() { Program = Program, TemporaryDirectory = Path.Combine(Root, "tmp") };

    [SetUp]
    public void MakeDirectories()
    {
        Root = Directory.CreateTempSubdirectory("ovf-").FullName;
        Bash($"""
            install -m 755 {ProgramLocator.Find(null)} overlayfuse
            chmod 755 .
            mkdir -m 1777 tmp
            mkdir -p lower/sub/deep lower/gone
            echo one > lower/one; echo two > lower/two; echo three > lower/sub/three; echo four > lower/sub/deep/four
            echo five > lower/gone/five; echo six > lower/gone/six
            ln -s one lower/link
            """);
        _before = Bash(ShowLower);
    }

    [TearDown]
    public void AssertNothingIsLeft()
    {
        bool ended = SpinWait.SpinUntil(() => Processes().Length == 0, Patience);
        foreach (int pid in Processes())
            Process.GetProcessById(pid).Kill();
        string mounts = Bash($"grep -F ' {Root}/' /proc/self/mountinfo || true"), left = Bash("ls -A tmp"), after = Bash(ShowLower);
        Bash($"{{ grep -oE '{Root}/[^ ]+' /proc/self/mountinfo || true; }} | xargs -r -n 1 umount -l; rm -rf --one-file-system {Root}",
            "/");
        Assert.Multiple(() =>
        {
            Assert.That(ended, "processes of the program have ended");
            Assert.That(mounts, Is.Empty, "mounts");
            Assert.That(left, Is.Empty, "left in the temporary directory");
            Assert.That(after, Is.EqualTo(_before), "the lower directory");
        });
    }

    /// <summary>Runs a script in the test's directory, and returns what it prints.</summary>
    protected string Bash(string script) => Bash(script, Root);

    protected static string Bash(string script, string directory)
    {
        using Process process = Process.Start(new ProcessStartInfo("timeout", ["60", "bash", "-euo", "pipefail", "-c", script])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
        })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"exit {process.ExitCode}: {script}\n{output}");
    }

    /// <summary>The processes of this test's copy of the program.</summary>
    protected int[] Processes() =>
        [.. from directory in Directory.EnumerateDirectories("/proc")
            let name = Path.GetFileName(directory)
            where char.IsAsciiDigit(name[0]) && new FileInfo(directory + "/exe").LinkTarget == Program
            select int.Parse(name, CultureInfo.InvariantCulture)];
}
