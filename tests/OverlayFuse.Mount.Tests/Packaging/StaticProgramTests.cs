using System.Text.RegularExpressions;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Packaging;

/// <summary>
/// The programs are one file each and run beside any libc, or none. They have no loader and no libraries, and look for none later:
/// dlopen(3) of a static program needs the very glibc that it was linked to, and NSS, locales and conversions of glibc are such libraries.
/// </summary>
internal sealed partial class StaticProgramTests
{
    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = new CliSandbox();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase("overlayfuse")]
    [TestCase("overlayfuse-tools")]
    public void Program_InElf_HasNoLoaderAndNoLibraries(string name)
    {
        var program = new Elf(Path.Combine(Path.GetDirectoryName(ProgramUnderTest.Path)!, name));
        Assert.That((program.HasInterpreter, program.Libraries), Is.EqualTo((false, 0)));
    }

    /// <summary>The reader of the headers: a program of Debian has both.</summary>
    [Test]
    public void Elf_OfALinkedProgram_NamesLoaderAndLibraries()
    {
        var program = new Elf("/bin/ls");
        Assert.That((program.HasInterpreter, program.Libraries > 0), Is.EqualTo((true, true)));
    }

    /// <summary>The mount is over when strace is: it follows the daemon, too.</summary>
    [TestCase("$P -o lowerdir=a:b,upperdir=u,workdir=w m; cat m/file; echo new > m/new; $P list; $P list --json; $P layers m; "
        + "$P changes m; $P unmount m")]
    [TestCase("$P run --lower a --lower b -- cat file")]
    [TestCase("$P hold --lower a < /dev/null")]
    [TestCase("$P doctor")]
    [TestCase("env -i LC_ALL=de_DE.UTF-8 TZ=Europe/Berlin PATH=$PATH $P doctor")]
    [TestCase("$P --version; $P --help; $P options; $P -o lowerdir=/none m || true")]
    public void Verbs_UnderStrace_OpenNoFileOfLibraries(string script)
    {
        sandbox.MakeDirectory("home");
        Bash.Run($"export P={ProgramUnderTest.Path} HOME=$PWD/home; {Traced(script)}", sandbox.Root, timeoutSeconds: 120);
        IReadOnlyList<string> paths = PathsOf(ProgramUnderTest.Path, File.ReadLines(sandbox.PathOf("trace")));
        Assert.That(paths, Is.Not.Empty);
        Assert.That(paths.Where(path => OfLibraries().IsMatch(path)), Is.Empty);
    }

    /// <summary>/etc/passwd is read as a file, for the user's name.</summary>
    [Test]
    public void Doctor_OfAnOrdinaryUser_AsksNoNameService()
    {
        Bash.Run($"chmod 777 .; install -m 755 {ProgramUnderTest.Path} program; P=$PWD/program; "
            + Traced("setpriv --reuid nobody --regid nogroup --clear-groups $P doctor"), sandbox.Root, timeoutSeconds: 120);
        IReadOnlyList<string> paths = PathsOf(sandbox.PathOf("program"), File.ReadLines(sandbox.PathOf("trace")));
        Assert.That(paths, Has.Member("/etc/passwd"));
        Assert.That(paths.Where(path => path != "/etc/passwd" && OfLibraries().IsMatch(path)), Is.Empty);
    }

    /// <summary>The parser of strace: a program that is linked to libraries opens them.</summary>
    [Test]
    public void Trace_OfALinkedProgram_ShowsItsLibraries()
    {
        Bash.Run(Traced("/bin/ls -l"), sandbox.Root);
        Assert.That(PathsOf("/bin/ls", File.ReadLines(sandbox.PathOf("trace"))).Where(path => OfLibraries().IsMatch(path)), Is.Not.Empty);
    }

    private static string Traced(string script) =>
        $"export P; timeout 60 strace -f -o trace -e trace=file,process bash -c '{script}' > said 2>&1 || true";

    /// <summary>
    /// The paths that processes of one program named, in a trace with process ids. A new process has the program of its parent until it
    /// executes another. Only the program under test executes itself.
    /// </summary>
    private static List<string> PathsOf(string program, IEnumerable<string> trace)
    {
        var programs = new Dictionary<string, string>();
        var paths = new List<string>();
        foreach (Match line in trace.Select(line => Line().Match(line)).Where(line => line.Success))
        {
            string process = line.Groups["process"].Value, call = line.Groups["call"].Value;
            if (Executed().Match(call) is { Success: true } executed)
                programs[process] = executed.Groups["path"].Value == "/proc/self/exe" ? program : executed.Groups["path"].Value;
            else if (Forked().Match(call) is { Success: true } forked && programs.TryGetValue(process, out string? parents))
                programs.TryAdd(forked.Groups["child"].Value, parents);
            else if (programs.GetValueOrDefault(process) == program)
                paths.AddRange(Quoted().Matches(call).Select(quoted => quoted.Groups["path"].Value));
        }
        return paths;
    }

    [GeneratedRegex(@"^(?<process>\d+) +(?<call>.*)$")]
    private static partial Regex Line();

    [GeneratedRegex(@"^execve\(""(?<path>[^""]*)"".*(\) += 0|<unfinished \.\.\.>)$")]
    private static partial Regex Executed();

    [GeneratedRegex(@"^(<\.\.\. )?(clone3?|v?fork)[ (].* = (?<child>\d+)$")]
    private static partial Regex Forked();

    [GeneratedRegex(@"""(?<path>[^""]*)""")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\.so\b|nsswitch|^/etc/(passwd|group|localtime|ld\.so)|gconv|locale|zoneinfo|/usr/share")]
    private static partial Regex OfLibraries();
}
