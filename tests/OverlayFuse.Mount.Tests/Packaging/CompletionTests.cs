using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Packaging;

/// <summary>
/// What bash offers after a started line, with the package bash-completion loaded; zsh and fish: packaging/check/completion.
/// </summary>
internal sealed class CompletionTests
{
    /// <summary>Cuts the line into words as readline does with bash's COMP_WORDBREAKS, and calls the function as bash does.</summary>
    private const string Drive = """
        set +eu
        [[ $ALONE ]] || . /usr/share/bash-completion/bash_completion
        . <(overlayfuse completion bash)
        compopt() { :; }
        COMP_LINE=$LINE COMP_POINT=${#LINE}
        mapfile -t COMP_WORDS < <(grep -oE '[=:]+|[^ =:]+' <<<"$LINE")
        [[ $LINE == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _overlayfuse
        printf '%s\n' "${COMPREPLY[@]}"
        """;

    private Sandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox()
    {
        sandbox = Sandbox.OnDisk();
        foreach (string name in new[] { "lower", "lowest", "other" }) sandbox.MakeDirectory(name);
        File.WriteAllText(sandbox.PathOf("layers"), "");
    }

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase("overlayfuse un", "unmount")]
    [TestCase("overlayfuse ", "add-layer bugreport cat-layer changes completion doctor explain hold layers list lower/ lowest/ "
        + "options other/ refresh run snapshotter tree unmount")]
    [TestCase("overlayfuse --", "--debug --foreground --help --version")]
    [TestCase("overlayfuse run --", "--at --diff --help --json --keep --lower --map-root --root --upper")]
    [TestCase("overlayfuse unmount -", "--all --help --lazy --timeout -a -h -l")]
    [TestCase("overlayfuse completion ", "bash fish zsh")]
    [TestCase("overlayfuse list ", "")]
    [TestCase("overlayfuse unmount --timeout ", "")]
    [TestCase("overlayfuse run --lower lo", "lower/ lowest/")]
    [TestCase("overlayfuse run --diff l", "layers lower lowest")]
    [TestCase("overlayfuse run --lower . -- overlayfuse unm", "unmount")]
    [TestCase("overlayfuse -f lo", "lower/ lowest/")]
    [TestCase("overlayfuse layers ot", "other/")]
    [TestCase("overlayfuse add-layer other lowe", "lower/ lowest/")]
    public void Bash_AfterVerbsAndOptions_Offers(string line, string words) => AssertOffered(line, words);

    /// <summary>After = and : bash takes what follows for a word of its own.</summary>
    [TestCase("overlayfuse -o low", "lowerdir+= lowerdir=")]
    [TestCase("overlayfuse -o ro,upp", "ro,upperdir=")]
    [TestCase("overlayfuse -o upperdir=/u,wor", "/u,workdir=")]
    [TestCase("overlayfuse -o lowerdir=oth", "other/")]
    [TestCase("overlayfuse -o lowerdir=other:lowe", "lower/ lowest/")]
    [TestCase("overlayfuse -o layers_file=la", "layers")]
    [TestCase("overlayfuse -o ro,io=", "auto open passthrough stateless")]
    [TestCase("overlayfuse -o noxattrs=", "0 1")]
    [TestCase("overlayfuse run -o io=s", "stateless")]
    [TestCase("overlayfuse -o auto_unm", "auto_unmount")]
    [TestCase("overlayfuse -o plug", "")]
    [TestCase("overlayfuse -o threa", "")]
    public void Bash_InMountOptions_Offers(string line, string words) => AssertOffered(line, words);

    [TestCase("overlayfuse un", "unmount")]
    [TestCase("overlayfuse run --lower lo", "lower/ lowest/")]
    [TestCase("overlayfuse -o lowerdir=other:lowe", "lower/ lowest/")]
    [TestCase("overlayfuse -o ro,io=", "auto open passthrough stateless")]
    [TestCase("overlayfuse run --lower lower -- l", "")]
    public void Bash_WithoutThePackageBashCompletion_OffersTheSame(string line, string words) => AssertOffered(line, words, isAlone: true);

    [TestCase("", "SHELL is missing")]
    [TestCase("xyz", "'xyz' is no SHELL")]
    [TestCase("bsh", "'bsh' is no SHELL (did you mean bash?)")]
    public void Completion_OfNoShellThatIsKnown_NamesTheShells(string shell, string text)
    {
        ToolResult result = Bash.Try($"'{Overlayfuse.Path}' completion {shell}");
        Assert.That((result.ExitCode, result.Error),
            Is.EqualTo((2, $"overlayfuse: completion: {text}; write overlayfuse completion bash|fish|zsh\n")));
    }

    [Test]
    public void Bash_AtAMountpoint_OffersTheLiveOnes()
    {
        using var mounted = new CliSandbox();
        mounted.Mount("-o", CliSandbox.Writable, mounted.MountPoint);
        AssertOffered($"overlayfuse unmount {mounted.MountPoint}", $"{mounted.MountPoint} {mounted.MountPoint}/");
    }

    private void AssertOffered(string line, string words, bool isAlone = false)
    {
        string programs = Path.GetDirectoryName(Overlayfuse.Path)!;
        string offered = Bash.Run(
            $"export PATH='{programs}':$PATH LINE='{line}' ALONE={(isAlone ? 1 : "")}\n{Drive}", sandbox.Root);
        Assert.That(string.Join(' ', offered.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)),
            Is.EqualTo(words));
    }
}
