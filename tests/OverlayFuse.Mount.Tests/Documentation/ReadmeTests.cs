using System.Text.RegularExpressions;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Rootless;
using OverlayFuse.Mount.Tests.Run;

namespace OverlayFuse.Mount.Tests.Documentation;

/// <summary>README.md's own lines, run by a user who has nothing but an account; each must do what the README says below it.</summary>
[TestFixture, Category("Rootless")]
internal sealed partial class ReadmeTests : RootlessTest
{
    /// <summary>What `make` does to the directory is what nobody wants in a checkout.</summary>
    private const string MakeProject = """
        mkdir project; cd project
        printf 'all:\n\t@echo built > out\n\t@echo 2 > version\n\t@rm old\n' > Makefile
        echo 1 | tee version old >/dev/null

        """;

    private const string ShowProject = "\nls; cat version old\n";
    private const string ProjectAsItWas = "Makefile\nold\nversion\n1\n1\n";

    [Test]
    public void Use_WithLayersInPlaceOfTheWords_MountsAndUnmounts()
    {
        string command = Readme.Block("Use").Replace("TOP:...:BOTTOM", "top:bottom", StringComparison.Ordinal)
            .Replace("=UPPER", "=upper", StringComparison.Ordinal).Replace("=WORK", "=work", StringComparison.Ordinal)
            .Replace("MOUNTPOINT", "merged", StringComparison.Ordinal);
        Assert.That(Shell($"{command}echo new > merged/kept; fusermount3 -u merged\n{command}cat merged/kept; overlayfuse unmount merged; "
            + $"ls merged; cat bottom/kept"),
            Is.EqualTo("new\nof the bottom: kept\n"));
    }

    [Test]
    public void RunACommand_InADirectoryWithAMakefile_LeavesItAsItWas()
    {
        string[] lines = Readme.Lines("Run a command over a throw-away view");
        Assert.That(Shell($"{MakeProject}{lines[0]}{ShowProject}"), Is.EqualTo(ProjectAsItWas));
        Assert.That(Shell($"cd project\n{lines[1]}{ShowProject}"), Is.EqualTo("D old\nA out\nM version\n" + ProjectAsItWas));
    }

    [Test]
    public void RunACommand_WithLayers_KeepsAndShowsWhatItSays()
    {
        string[] lines = Readme.Lines("Run a command over a throw-away view");
        string output = Shell($"""
            mkdir tree patch; echo old | tee tree/kept tree/removed > patch/patched
            echo 'rm tree/removed; echo new > tree/made' | {lines[2]}
            ls tree changes; stat -c %F changes/removed
            echo 'ls tree; echo more > tree/later' | {lines[3]}
            ls changes tree
            {lines[4]}
            """);
        Assert.That(output, Is.EqualTo(
            "changes:\nmade\nremoved\n\ntree:\nkept\nremoved\ncharacter special "
                + "file\nkept\nmade\nchanges:\nlater\nmade\nremoved\n\ntree:\nkept\nremoved\nkept\npatched\nremoved\n"));
    }

    [Test]
    public void RunACommand_WithARootFileSystem_EntersIt()
    {
        string line = Readme.Lines("Run a command over a throw-away view")[5];
        Assert.That(
            Shell($"{EnvironmentTests.MakeRoot}mv root debian\necho 'id -u; cat /etc/name; echo > /etc/new' | {line}\nls debian/etc"),
            Is.EqualTo("0\nin-root\nname\n"));
    }

    [Test]
    public void CiJob_InACheckout_FindsWhatWasWrittenAndLeavesTheCheckout()
    {
        string block = Readme.Block("A CI job that must not dirty its checkout")
            .Replace("/tmp/job", Home + "/job", StringComparison.Ordinal);
        string[] output = Shell(MakeProject + block + "ls ../job/view" + ShowProject).Replace(ProjectAsItWas, "=", StringComparison.Ordinal)
            .Split('\n');
        Assert.That(output.Order(StringComparer.Ordinal), Is.EqualTo(new[] { Home + "/job/upper/out", Home + "/job/upper/version", "=" }));
    }

    [Test]
    public void Lab_OfAliceAndBob_IsReviewedAndTheBaseStays()
    {
        string[] lines = Readme.Lines("A lab: many versions of one tree");
        string output = Shell($"""
            mkdir -p base alice/upper alice/work alice/tree bob/upper bob/work bob/tree review; echo base > base/file
            {lines[0]}
            {lines[1]}
            echo alice > alice/tree/file; echo bob > bob/tree/file; cat alice/tree/file bob/tree/file
            overlayfuse unmount alice/tree
            {lines[2]}
            cat review/file; ! touch review/new; cat base/file; ls base
            overlayfuse unmount review bob/tree
            """);
        Assert.That(output, Is.EqualTo("alice\nbob\nalice\nbase\nfile\n"));
    }

    [Test]
    public void LiveLayers_ShownAddedAndRefreshed_AreSeen()
    {
        string[] lines = Readme.Lines("A live mount's layers");
        string output = Shell($"""
            mkdir base patch tree; echo base > base/file; echo patch > patch/patched
            overlayfuse -o lowerdir=base tree
            {lines[0]}
            {lines[1]}
            cat tree/patched; echo changed > base/late
            {lines[2]}
            cat tree/late
            overlayfuse unmount tree
            """);
        Assert.That(output, Is.EqualTo($"lower {Home}/base\npatch\nchanged\n"));
    }

    [Test]
    public void TestsInOtherLanguages_HoldAndChanges_ShowAndEnd()
    {
        string[] lines = Readme.Lines("Tests in .NET", 1);
        string output = Shell($$"""
            mkdir fixture; echo old > fixture/file; mkfifo input
            hold() {
                {{lines[0]}}
            }
            hold <input >output & exec 3>input
            until [ -s output ]; do sleep 0.01; done
            view=$(cat output); echo new > $view/file; cat $view/file
            {{lines[1].Replace("PATH", "$view", StringComparison.Ordinal)}}
            exec 3>&-; wait; test ! -e $view; cat fixture/file
            """);
        Assert.That(output, Is.EqualTo("new\nM file\nold\n"));
    }

    /// <summary>Numbers and the mode of the caches are those of another machine, and of root.</summary>
    [Test]
    public void WhatIsMounted_WithAProcessInTheTree_IsShownAndNotUnmounted()
    {
        string[] lines = [.. Readme.Lines("What is mounted").Select(line => line.Replace("/lab", Home + "/lab", StringComparison.Ordinal))];
        string[] commands = [.. lines.Where(line => line[0] == '$').Select(line => line["$ ".Length..])];
        string output = Shell($$"""
            mkdir lab; cd lab; mkdir -p base patch alice/upper alice/work tree base/src
            overlayfuse -o lowerdir=patch:base,upperdir=alice/upper,workdir=alice/work tree
            {{commands[0]}}
            (cd tree/src; exec sleep 60) & trap 'kill $!; wait || true; overlayfuse unmount tree' EXIT
            until [ "$(cat /proc/$!/comm)" = sleep ]; do sleep 0.01; done
            ! {{commands[1]}} 2>&1
            """);
        string[] shown = [.. output.TrimEnd('\n').Split('\n').Select(Plain)],
            wanted = [.. lines.Where(line => line[0] != '$').Select(Plain)];
        int row = 1;
        Assert.That(shown[row], Does.StartWith($"{Home}/lab/tree live N rw,io="));
        (shown[row], wanted[row]) = ("", "");
        Assert.That(shown, Is.EqualTo(wanted));
    }

    [Test]
    public void Doctor_HereByTheUser_HasTheRowsThatTheReadmeShows()
    {
        string[] lines = Readme.Lines("What this machine allows");
        string[] output = [.. Shell(lines[0]["$ ".Length..]).Split('\n').Select(What)];
        Assert.That(lines[1..^1].Select(What), Is.SubsetOf(output));
        Assert.That(lines[^1], Is.EqualTo("..."));
    }

    private static string What(string row) => row.Split("  ")[0];

    private static string Plain(string line) => Numbers().Replace(Spaces().Replace(line, " "), "N");

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"\b[0-9]+\b")]
    private static partial Regex Numbers();

    /// <summary>By the user, with the program in his PATH and room for what is thrown away.</summary>
    private string Shell(string script) => User.Run($"mkdir -p tmp; export TMPDIR=$PWD/tmp PATH={Sandbox.Root}:$PATH\n{script}", Home);
}
