using System.Diagnostics;
using System.Text.Json;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>
/// What root's verbs do with a FUSE server of an ordinary user that calls itself overlayfuse: hostile.c lies, or never answers.
/// </summary>
internal sealed class HostileMountTests
{
    /// <summary>No measure: far beyond what any verb here may wait.</summary>
    private const int Patience = 120;

    private CliSandbox sandbox = null!;
    private Process? server;

    [SetUp]
    public void MakeSandbox()
    {
        sandbox = new CliSandbox();
        sandbox.MakeDirectory("h");
        string source = Path.Combine(ProgramUnderTest.Repository, "tests", "OverlayFuse.Mount.Tests", "Verbs", "hostile.c");
        Tool.Run("gcc", "-O", "-Wall", "-Wextra", "-Werror", "-o", sandbox.PathOf("hostile"), source);
    }

    [TearDown]
    public void RemoveSandbox()
    {
        // Its end sets free whoever still waits for it.
        server?.Kill();
        server?.WaitForExit();
        server?.Dispose();
        sandbox.Dispose();
    }

    [TestCase("layers h", "h: its daemon, or a layer, has not answered in 10 s; ")]
    [TestCase("refresh h", "h: its daemon, or a layer, has not answered in 10 s; ")]
    [TestCase("add-layer h a", "h: its daemon, or a layer, has not answered in 10 s; ")]
    [TestCase("changes h", "h: its daemon, or a layer, has not answered in 10 s; ")]
    [TestCase("unmount --timeout 3 h",
        "h: its daemon does not answer; waiting for it\noverlayfuse: h: its daemon has not answered in 3 s; ")]
    [TestCase("-o remount,rw h", "{h}: its daemon has not answered in 10 s; ")]
    [TestCase("unmount --lazy --timeout 2 h", "h: unmounted, but its daemon could not be asked who it is; ")]
    public void Verb_OfAMountThatNeverAnswers_EndsAndSaysSo(string words, string text)
    {
        Serve("hang");
        ToolResult result = Start(words.Split(' '));
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((1, "")));
        Assert.That(result.Error, Does.StartWith("overlayfuse: " + text.Replace("{h}", sandbox.PathOf("h"), StringComparison.Ordinal)));
    }

    /// <summary>The pipe of whoever reads the list ends, too: what is left behind does not hold it.</summary>
    [Test]
    public void List_OneMountNeverAnswers_ShowsTheOthersAndEnds()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        Serve("hang");

        string listed = Tool.Run("timeout", "-s", "KILL", $"{Patience}", "sh", "-c", $"'{Overlayfuse.Path}' list --json | cat");

        string?[] states = [.. new[] { "m",
            "h" }.Select(name => MountList.Find(new ToolResult(0, listed, ""), sandbox.PathOf(name))?.GetProperty("state").GetString())];
        Assert.That(states, Is.EqualTo(new[] { "live", "silent" }));
        Assert.That(Start("unmount", "m").ExitCode, Is.Zero);
    }

    [Test]
    public void List_EndlessLayers_EndsAndBelievesNothing()
    {
        Serve("endless");
        ToolResult result = Start("list", "--json");
        JsonElement mount = MountList.Find(result, sandbox.PathOf("h"))!.Value;
        Assert.That((mount.GetProperty("state").GetString(), mount.GetProperty("layers").GetArrayLength()), Is.EqualTo(("unknown", 0)));
        Assert.That(Start("layers", "h").ExitCode, Is.EqualTo(1));
    }

    [TestCase("list", "-l")]
    [TestCase("layers", "h")]
    public void Verb_ControlCharactersInALayer_PrintsEscapes(params string[] words)
    {
        Serve("escape");
        string text = Start(words).Output;
        Assert.That(text, Does.Contain(@"/x\033]0;pwned\007\033[31mred\012NEXT LINE\015\342\200\256"));
        Assert.That(text.Where(c => char.IsControl(c) && c != '\n'), Is.Empty);
    }

    [Test]
    public void ListJson_ControlCharactersInALayer_IsJsonWithEscapes()
    {
        Serve("escape");
        ToolResult result = Start("list", "--json");
        string path = MountList.Find(result, sandbox.PathOf("h"))!.Value.GetProperty("layers")[0].GetProperty("path").GetString()!;
        Assert.That(path, Does.StartWith("/x\u001b]0;pwned\a\u001b[31mred\nNEXT LINE\r\u202e"));
        Assert.That(result.Output.Where(c => c is < ' ' and not '\n' or '\u202e'), Is.Empty);
    }

    /// <summary>Any process that the mount does not belong to: here root's own, which never opened the device.</summary>
    [Test]
    public void ListAndUnmount_StatisticsNameAStranger_NeitherBelieveNorWait()
    {
        Process stranger = Process.Start("sleep", "1000");
        try
        {
            Serve($"pid={stranger.Id}");
            JsonElement mount = MountList.Find(Start("list", "--json"), sandbox.PathOf("h"))!.Value;
            ToolResult unmounted = Start("unmount", "--timeout", "100", "h");

            Assert.That((mount.GetProperty("state").GetString(), mount.GetProperty("pid").ValueKind),
                Is.EqualTo(("live", JsonValueKind.Null)));
            Assert.That((unmounted.ExitCode, unmounted.Error), Is.EqualTo((1,
                "overlayfuse: h: unmounted, but its daemon could not be asked who it is; "
                    + "its upper is complete when that has ended (ps -C overlayfuse)\n")));
            Assert.That(stranger.HasExited, Is.False);
        }
        finally
        {
            stranger.Kill();
            stranger.WaitForExit();
        }
    }

    /// <summary>The server's own process is found by the connection that its device serves, whoever owns it.</summary>
    [Test]
    public void List_StatisticsNameTheServer_BelieveIt()
    {
        string pid = sandbox.PathOf("pid");
        server = Process.Start(new ProcessStartInfo("sh",
            ["-c", $"echo $$ > '{pid}'; exec '{sandbox.PathOf("hostile")}' '{sandbox.PathOf("h")}' pid=$$"]))!;
        Overlayfuse.AwaitMount(sandbox.PathOf("h"));
        JsonElement mount = MountList.Find(Start("list", "--json"), sandbox.PathOf("h"))!.Value;
        Assert.That(mount.GetProperty("pid").GetInt32(), Is.EqualTo(server.Id));
    }

    [Test]
    public void Doctor_InADirectoryThatNeverAnswers_Ends()
    {
        Serve("hang");
        Assert.That(Start("doctor", "--upper", "h").Output, Does.Match("(?m)^an upper in h +no +"));
    }

    private void Serve(string mode)
    {
        server = Process.Start(sandbox.PathOf("hostile"), [sandbox.PathOf("h"), mode]);
        Overlayfuse.AwaitMount(sandbox.PathOf("h"));
    }

    private ToolResult Start(params string[] words) =>
        Tool.Try("timeout", ["-s", "KILL", $"{Patience}", Overlayfuse.Path, .. words], sandbox.Root, Patience + 10);
}
