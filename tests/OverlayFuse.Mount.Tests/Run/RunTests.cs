using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Run;

/// <summary>What the command sees, what becomes of its changes, and how it is told to have ended.</summary>
[TestFixture(Runner.Root), TestFixture(Runner.User), Category("Run")]
internal sealed class RunTests(Runner runner) : RunTest(runner)
{
    [Test]
    public void Run_OverItsLower_ShowsChangesToTheCommandAlone()
    {
        string output = Shell("""
            $P run --lower bottom -- bash -euc 'echo changed > bottom/file; rm -r bottom/gone; mkdir bottom/new; cat bottom/file; ls bottom'
            cat bottom/file
            """);
        Assert.That(output, Is.EqualTo("changed\nfile\nnew\nother\nsub\nof the bottom\n"));
    }

    [Test]
    public void Run_WithSeveralLowers_TheFirstIsTopmostAndTheLastIsThePlace() =>
        Assert.That(Shell("$P run --lower top --lower bottom -- cat bottom/other bottom/file top/other"),
            Is.EqualTo("of the top\nof the bottom\nof the top\n"));

    [Test]
    public void Run_AtAnotherPlace_LeavesTheLowerAsItIs() =>
        Assert.That(Shell("$P run --lower bottom --at view -- bash -euc 'echo more >> view/file; cat view/file bottom/file'; ls -A view"),
            Is.EqualTo("of the bottom\nmore\nof the bottom\n"));

    [Test]
    public void Run_WithAwkwardNames_TakesThemAsTheyAre() =>
        Assert.That(Shell("""
            mkdir -p 'o,d:d\\/=ä x'
            $P run --diff --lower bottom --lower 'o,d:d\\/=ä x' --keep 'k,e:e\p' -- \
                bash -c 'echo 1 > "$0/new"; cat "$0/file"' 'o,d:d\\/=ä x'
            cat 'k,e:e\p/new'
            """), Is.EqualTo("of the bottom\nA new\n1\n"));

    [Test]
    public void Run_FromWithinThePlace_StaysThereInTheView()
    {
        string output = Shell("""
            cd bottom/sub
            $P run --lower .. -- bash -euc 'pwd; echo x > made; ls; cat ../other; ls ../sub'
            ls
            """);
        Assert.That(output, Is.EqualTo($"{Home}/bottom/sub\nfile\nmade\nof the bottom\nfile\nmade\nfile\n"));
    }

    [Test]
    public void Run_AsWhoeverCalls_KeepsIdsUmaskAndOwners()
    {
        const string Look = "id -u; id -g; umask; stat -c %u:%g bottom/file; ulimit -n; trap -p; env | grep -c ^CALLER=set";
        string plain = Shell($"umask 027; trap '' PIPE; CALLER=set bash -c '{Look}'");
        string inside = Shell($"umask 027; trap '' PIPE; CALLER=set $P run --lower bottom -- bash -c '{Look}'");
        Assert.That(inside, Is.EqualTo(plain));
    }

    [Test]
    public void Run_WithMapRoot_IsRootOfTheFilesOfTheCaller() =>
        Assert.That(Shell("$P run --map-root --lower bottom -- bash -euc 'id -u; stat -c %u bottom/file; chown 0:0 bottom/file'"),
            Is.EqualTo("0\n0\n"));

    [Test]
    public void Keep_ANewDirectory_HoldsTheChangesAndUpperGoesOn()
    {
        string output = Shell("""
            $P run --keep kept --lower bottom -- bash -euc 'echo one > bottom/new; rm bottom/file'
            (cd kept; find . | sort; stat -c '%F %t:%T' file; cat new)
            $P run --upper kept --lower bottom -- bash -euc 'ls bottom; echo two >> bottom/new'
            cat kept/new
            ls -A | sort
            """);
        Assert.That(output,
            Is.EqualTo(
                ".\n./file\n./new\ncharacter special file 0:0\none\ngone\nnew\nother\nsub\none\ntwo\nbottom\nkept\ntmp\ntop\nview\n"));
    }

    [Test]
    public void Keep_WhenTheDaemonRefuses_IsNotMade()
    {
        ToolResult result = Try("touch -r bottom stamp; $P run --keep bottom/kept --lower bottom -- true || status=$?; "
            + "touch -r stamp bottom; exit $status");
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((125, "")));
        Assert.That(result.Error, Does.Contain("bottom/kept: lies inside lowerdir="));
    }

    [TestCase("true", 0)]
    [TestCase("bash -c 'exit 7'", 7)]
    [TestCase("bash -c 'kill -TERM $$'", 143)]
    [TestCase("bash -c 'kill -KILL $$'", 137)]
    [TestCase("no-such-program", 127)]
    [TestCase("./bottom/nothing", 127)]
    [TestCase("./bottom/file", 126)]
    [TestCase("./bottom", 126)]
    public void ExitStatus_OfTheCommand_IsThatOfTheProgram(string command, int status) =>
        Assert.That(Try($"$P run --lower bottom -- {command}").ExitCode, Is.EqualTo(status));

    [Test]
    public void Diff_OfEveryKindOfChange_ListsPathsInOrder()
    {
        string output = Shell("""
            $P run --diff --lower bottom -- bash -euc '
                cd bottom
                echo out
                echo more >> file
                rm -r gone
                mkdir -p new/deep
                chmod 700 sub
                ln other link
                echo line > "$(printf "two\nlines\\")"'
            $P run --diff=list --lower bottom -- \
                bash -euc 'rm bottom/file; mkdir bottom/file; rm bottom/sub/file; rmdir bottom/sub; mkdir bottom/sub; touch bottom/sub/x'
            cat list
            $P run --diff --lower bottom -- cat bottom/file
            """);
        Assert.That(output,
            Is.EqualTo("out\nM file\nD gone\nA link\nA new\nA new/deep\nM sub\nA two\\012lines\\134\nM file\nD sub/file\nA sub/x\nof the "
                + "bottom\n"));
    }

    [Test]
    public void DiffFile_OfACallerWithAUmask_HasItsMode() =>
        Assert.That(Shell("umask 027; $P run --diff=list --lower bottom -- touch bottom/new; stat -c %a list; cat list"),
            Is.EqualTo("640\nA new\n"));

    /// <summary>More levels than descriptors. The base class looks for what is left.</summary>
    [Test]
    public void Run_WhoseCommandLeavesADeepTree_RemovesIt() =>
        Assert.That(Shell("""
            ulimit -Sn 1024
            $P run --lower bottom -- bash -euc 'cd bottom; for i in {1..1100}; do mkdir d .removed.$i; cd d; done; touch end; echo made'
            """), Is.EqualTo("made\n"));

    /// <summary>A directory moved within its parent has a redirect by name, one moved elsewhere one by path.</summary>
    [Test]
    public void Diff_OfRenamedDirectories_FollowsRedirects()
    {
        ToolResult result = Try("$P run --diff -o redirect_dir=on --lower bottom -- bash -euc 'cd bottom; mv sub renamed; "
            + "echo more >> renamed/file; mkdir new; mv gone new/moved'");
        if (Runner == Runner.User)
            Assert.That(result.Error, Does.Contain("redirect_dir=on: needs xattrs trusted.*"),
                "marks that anybody can write are not followed");
        else
            Assert.That(result.Output, Is.EqualTo("D gone\nA new\nA new/moved\nA new/moved/file\nA renamed\nA renamed/file\nD sub\n"));
    }

    [Test]
    public void Diff_OfAWriteThatShowsNowhere_ListsItByContent() =>
        Assert.That(Shell("$P run --diff --lower bottom -- bash -euc 'printf OF > new; dd if=new of=bottom/file conv=notrunc 2>/dev/null; "
            + "touch -d 2002-02-02 bottom/file'; rm new"),
            Is.EqualTo("M file\n"));

    [TestCase("run --lower bottom", "COMMAND is missing; write it after --")]
    [TestCase("run -- true", "--lower is missing; write --lower DIR")]
    [TestCase("run --lower none -- true", "--lower=none: does not exist; create it")]
    [TestCase("run --lower bottom/file -- true", "--lower=bottom/file: is not a directory")]
    [TestCase("run --lower bottom --at none -- true", "--at=none: does not exist; create it")]
    [TestCase("run --lower bottom --upper none -- true", "--upper=none: does not exist; create it")]
    [TestCase("run --lower bottom --keep top -- true", "--keep=top: is there and not an empty directory; name a new one")]
    [TestCase("run --lower bottom --keep a --upper top -- true", "cannot stand together; --keep begins a new upper")]
    [TestCase("run --lower bottom -o lowerdir=top -- true", "layers are named by --lower and --upper")]
    [TestCase("run --lower bottom -o nonsense -- true", "nonsense")]
    [TestCase("run --lower / -- true", "TMPDIR={}/tmp: lies inside --lower=/, and the changes must not; set TMPDIR")]
    [TestCase("run --lower bottom --nonsense -- true", "run: --nonsense: unknown")]
    public void Run_ThatCannotWork_NamesTheThingAndTheRemedy(string words, string text)
    {
        ToolResult result = Try("$P " + words);
        Assert.That(result.ExitCode, Is.EqualTo(125));
        string error = result.Error.Replace(Home + "/none", "none", StringComparison.Ordinal)
            .Replace(Home + "/bottom/file", "bottom/file", StringComparison.Ordinal);
        Assert.That(error, Does.Contain(text.Replace("{}", Home, StringComparison.Ordinal)).And.Not.Contain("Exception"));
    }
}
