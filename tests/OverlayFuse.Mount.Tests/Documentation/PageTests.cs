using System.Text.RegularExpressions;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Rootless;
using OverlayFuse.Mount.Tests.Run;

namespace OverlayFuse.Mount.Tests.Documentation;

/// <summary>The pages' own lines, run by a user with nothing but an account. Each does what its page says.</summary>
[TestFixture, Category("Rootless")]
internal sealed partial class PageTests : RootlessTest
{
    /// <summary>A project whose `make` writes into the checkout.</summary>
    private const string MakeProject = """
        mkdir project; cd project
        printf 'all:\n\t@echo built > out\n\t@echo 2 > version\n\t@rm old\n' > Makefile
        echo 1 | tee version old >/dev/null

        """;

    private const string ShowProject = "\nls; cat version old\n";
    private const string ProjectAsItWas = "Makefile\nold\nversion\n1\n1\n";

    [Test]
    public void Mount_WithLayersInPlaceOfTheWords_MountsAndUnmounts()
    {
        string[] lines = [.. Page.Usage.Lines("Mount").Select(line => line.Replace("TOP:...:BOTTOM", "top:bottom", StringComparison.Ordinal)
            .Replace("=UPPER", "=upper", StringComparison.Ordinal).Replace("=WORK", "=work", StringComparison.Ordinal)
            .Replace("MOUNTPOINT", "merged", StringComparison.Ordinal))];
        string output = Shell($"""
            {lines[0]}
            echo new > merged/kept; fusermount3 -u merged
            {lines[0]}
            cat merged/kept
            {lines[1]}
            ls merged; cat bottom/kept
            """);
        Assert.That(output, Is.EqualTo("new\nof the bottom: kept\n"));
    }

    [Test]
    public void RunACommand_InADirectoryWithAMakefile_LeavesItAsItWas()
    {
        string[] lines = Page.Usage.Lines("run");
        Assert.That(Shell($"{MakeProject}{lines[0]}{ShowProject}"), Is.EqualTo(ProjectAsItWas));
        Assert.That(Shell($"cd project\n{lines[1]}{ShowProject}"), Is.EqualTo("D old\nA out\nM version\n" + ProjectAsItWas));
    }

    [Test]
    public void RunACommand_WithLayers_KeepsAndShowsWhatItSays()
    {
        string[] lines = Page.Usage.Lines("run");
        string output = Shell($"""
            mkdir tree patch; echo old | tee tree/kept tree/removed > patch/patched
            echo 'rm tree/removed; echo new > tree/made' | {lines[2]}
            ls tree changes; stat -c %F changes/removed
            echo 'ls tree; echo more > tree/later' | {lines[3]}
            ls changes tree
            {lines[4]}
            """);
        Assert.That(output, Is.EqualTo(
            "changes:\nmade\nremoved\n\ntree:\nkept\nremoved\ncharacter special file\n"
            + "kept\nmade\nchanges:\nlater\nmade\nremoved\n\ntree:\nkept\nremoved\n"
            + "kept\npatched\nremoved\n"));
    }

    [Test]
    public void RunACommand_WithARootFileSystem_EntersIt()
    {
        string line = Page.Usage.Lines("run")[5];
        const string commands = "echo 'id -u; cat /etc/name; echo > /etc/new'";
        string output = Shell($"{EnvironmentTests.MakeRoot}mv root debian\n{commands} | {line}\nls debian/etc");
        Assert.That(output, Is.EqualTo("0\nin-root\nname\n"));
    }

    [Test]
    public void CiJob_InACheckout_FindsWhatWasWrittenAndLeavesTheCheckout()
    {
        const string heading = "A CI job that must not dirty its checkout";
        string block = Page.Ci.Block(heading).Replace("/tmp/job", Home + "/job", StringComparison.Ordinal);
        string shown = Shell(MakeProject + block + "ls ../job/view" + ShowProject);
        string[] output = shown.Replace(ProjectAsItWas, "=", StringComparison.Ordinal).Split('\n');
        Assert.That(output.Order(StringComparer.Ordinal), Is.EqualTo(new[] { Home + "/job/upper/out", Home + "/job/upper/version", "=" }));
    }

    [Test]
    public void Lab_OfAliceAndBob_IsReviewedAndTheBaseStays()
    {
        string[] lines = Page.Usage.Lines("Mount", 1);
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
        string[] lines = Page.Usage.Lines("Layers of a live mount");
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
        string[] lines = Page.Ci.Lines("Other languages");
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

    /// <summary>The page has the numbers of another machine, and the mode of a mount by root.</summary>
    [Test]
    public void WhatIsMounted_WithAProcessInTheTree_IsShownAndNotUnmounted()
    {
        string[] lines = [.. Page.Usage.Lines("list and unmount")
            .Select(line => line.Replace("/lab", Home + "/lab", StringComparison.Ordinal))];
        string[] commands = [.. lines.Where(line => line[0] == '$').Select(line => line["$ ".Length..])];
        string output = Shell($$"""
            mkdir lab; cd lab; mkdir -p base patch alice/upper alice/work tree base/src
            overlayfuse -o lowerdir=patch:base,upperdir=alice/upper,workdir=alice/work tree
            {{commands[0]}}
            (cd tree/src; exec sleep 60) & trap 'kill $!; wait || true; overlayfuse unmount tree' EXIT
            until [ "$(cat /proc/$!/comm)" = sleep ]; do sleep 0.01; done
            ! {{commands[1]}} 2>&1
            """);
        string[] shown = [.. output.TrimEnd('\n').Split('\n').Select(Plain)];
        string[] wanted = [.. lines.Where(line => line[0] != '$').Select(Plain)];
        int row = 1;
        Assert.That(shown[row], Does.StartWith($"{Home}/lab/tree live N rw,io="));
        (shown[row], wanted[row]) = ("", "");
        Assert.That(shown, Is.EqualTo(wanted));
    }

    [Test]
    public void Doctor_HereByTheUser_HasTheRowsThatThePageShows()
    {
        string[] lines = Page.Usage.Lines("doctor");
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

    /// <summary>Runs a script as the user, with the program in PATH and a TMPDIR of its own.</summary>
    private string Shell(string script) => User.Run($"mkdir -p tmp; export TMPDIR=$PWD/tmp PATH={Sandbox.Root}:$PATH\n{script}", Home);
}
