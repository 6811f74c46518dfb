using System.Text.Json;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Run;

namespace OverlayFuse.Mount.Tests.Recipes;

/// <summary>
/// The GitHub action, the GitLab component and the devcontainer feature: their scripts with a release in a directory, and what their
/// services demand of the files.
/// </summary>
[TestFixture(Runner.Root), TestFixture(Runner.User), Category("Run")]
internal sealed class ServiceFileTests(Runner runner) : RunTest(runner)
{
    private const string Action = "action.yml";
    private const string Component = "templates/overlayfuse.yml";
    private const string Feature = "ci/devcontainer/overlayfuse/devcontainer-feature.json";
    private const string Install = "ci/devcontainer/overlayfuse/install.sh";
    private const string Command = "echo \"it's $HOME\" >made\nrm old; ! env | grep OVERLAYFUSE_RUN";
    private const string Changes = "A made\nD old\n";
    private const string MakeProject = """
        mkdir -p checkout temp prefix; echo 1 >checkout/old
        r=overlayfuse-0.2.0-linux-$(uname -m); mkdir -p release/$r/bin; cp $P release/$r/bin/overlayfuse
        (cd release; tar -czf $r.tar.gz $r; sha256sum $r.tar.gz >SHA256SUMS; rm -r $r)
        export HOME=$PWD/prefix; cd checkout

        """;

    private static readonly string s_install = ServiceFile.PathOf(Install);

    private string Release => Home + "/release";

    [Test]
    public void GitHubAction_StepByStep_LeavesTheCheckoutClean()
    {
        Dictionary<object, object> action = ServiceFile.Read(Action).Single();
        var values = new Dictionary<string, string>
        {
            ["inputs.command"] = Command, ["inputs.release"] = Release, ["runner.temp"] = Home + "/temp",
        };
        string script = MakeProject + $"export GITHUB_ACTION_PATH='{ProgramUnderTest.Repository}' GITHUB_OUTPUT=$PWD/../output "
            + "GITHUB_PATH=$PWD/../path; touch $GITHUB_OUTPUT $GITHUB_PATH\n";
        foreach (Dictionary<object, object> step in ((List<object>)action.Map("runs")["steps"]).Cast<Dictionary<object, object>>())
            script += $"(PATH=\"$(tr '\\n' : <$GITHUB_PATH)$PATH\"\n" + ServiceFile.Exports(step.Map("env").Select(variable =>
                KeyValuePair.Create((string)variable.Key, ServiceFile.Fill((string)variable.Value, action.Map("inputs"), values))))
                + $"bash -e <<'END-OF-STEP'\n{step["run"]}\nEND-OF-STEP\n)\n";
        Assert.That(Shell(script + "ls; cat $(sed s/changes=// $GITHUB_OUTPUT)"), Is.EqualTo("overlayfuse 0.2.0\nold\n" + Changes));
    }

    [Test]
    public void GitLabComponent_ScriptByScript_LeavesTheCheckoutClean()
    {
        Dictionary<object, object>[] documents = ServiceFile.Read(Component);
        Dictionary<object, object> job = documents[1].Values.Cast<Dictionary<object, object>>().Single();
        var values = new Dictionary<string, string> { ["inputs.command"] = Command, ["inputs.release"] = Release };
        string Of(object variable) => ServiceFile.Fill(variable is Dictionary<object, object> map ? (string)map["value"] : (string)variable,
            documents[0].Map("spec").Map("inputs"), values).Replace("$CI_PROJECT_DIR", Home + "/checkout", StringComparison.Ordinal);
        string script = MakeProject + "export CI_PROJECT_DIR=$PWD\n"
            + ServiceFile.Exports(job.Map("variables").Select(variable => KeyValuePair.Create((string)variable.Key, Of(variable.Value))));
        string Section(params string[] keys) =>
            $"bash -eo pipefail <<'END-OF-SECTION'\n{string.Join('\n', keys.SelectMany(job.Lines))}\nEND-OF-SECTION\n";
        Assert.That(Shell(script + Section("before_script", "script") + Section("after_script") + "ls -A . ..; cat old"),
            Is.EqualTo($"overlayfuse 0.2.0\n{Changes}.:\nold\n\n..:\nbottom\ncheckout\nprefix\nrelease\ntemp\ntmp\ntop\nview\n1\n"));
    }

    /// <summary>A component brings no files.</summary>
    [Test]
    public void GitLabComponent_ItsScripts_AreThoseOfTheFiles()
    {
        Dictionary<object, object> job = ServiceFile.Read(Component)[1].Values.Cast<Dictionary<object, object>>().Single();
        Assert.That(job.Lines("before_script").First(), Does.Contain("\n" + ServiceFile.Text(Install) + "END-OF-SCRIPT\n"));
        Assert.That(job.Lines("script").Single(), Does.Contain("\n" + ServiceFile.Text("ci/run") + "END-OF-SCRIPT\n"));
    }

    [Test]
    public void Feature_WithItsOptions_InstallsForTheUser() =>
        Assert.That(Shell(MakeProject + $"""
            _REMOTE_USER=me VERSION=0.2.0 RELEASE={Release} FILE= SHA256= OVERLAYFUSE_PREFIX=$HOME/.local sh {s_install}
            cd $HOME/.local; find . -type f
            """), Is.EqualTo("overlayfuse 0.2.0\n./bin/overlayfuse\n"));

    [TestCase("OVERLAYFUSE_FILE=$P", "overlayfuse 0.2.0\n")]
    [TestCase("OVERLAYFUSE_FILE=file://$P", "overlayfuse 0.2.0\n")]
    [TestCase("OVERLAYFUSE_FILE=$(echo ../release/*.tar.gz)", "overlayfuse 0.2.0\n")]
    [TestCase("OVERLAYFUSE_FILE=$(mkdir -p p/usr/bin p/DEBIAN; cp $P p/usr/bin; printf "
        + "'Package: o\\nVersion: 1\\nArchitecture: amd64\\nMaintainer: m\\nDescription: d\\n' >p/DEBIAN/control; "
        + "dpkg-deb -b p p.deb >/dev/null; echo p.deb)", "overlayfuse 0.2.0\n")]
    [TestCase("OVERLAYFUSE_FILE=$P OVERLAYFUSE_APPARMOR=yes PATH=$PWD/../fake:$PATH",
        "parser --replace\nabi <abi/4.0>,\ninclude <tunables/global>\nprofile overlayfuse-ci \"$PREFIX/bin/overlayfuse\" "
        + "flags=(unconfined) {\n  userns,\n}\noverlayfuse 0.2.0\n")]
    public void Install_FromAFile_Works(string variables, string output) =>
        Assert.That(Shell(MakeProject + $$"""
            mkdir ../fake; printf '#!/bin/sh\nshift\nexec "$@"\n' >../fake/sudo
            printf '#!/bin/sh\necho parser $*; cat\n' >../fake/apparmor_parser
            chmod +x ../fake/*
            export OVERLAYFUSE_PREFIX=$HOME/.local; {{variables}} sh {{s_install}}
            """), Is.EqualTo(output.Replace("$PREFIX", Home + "/prefix/.local", StringComparison.Ordinal)));

    [TestCase("", "neither a file nor a release was given; set the input file, or release and version")]
    [TestCase("OVERLAYFUSE_RELEASE=../release", "../release: the version is missing; set the input version")]
    [TestCase("OVERLAYFUSE_RELEASE=../release OVERLAYFUSE_VERSION=9", "../release/overlayfuse-9-linux-$ARCH.tar.gz: cannot be read")]
    [TestCase("OVERLAYFUSE_RELEASE=../bad OVERLAYFUSE_VERSION=0.2.0", "../bad/overlayfuse-0.2.0-linux-$ARCH.tar.gz: has the checksum")]
    [TestCase("OVERLAYFUSE_FILE=../none", "../none: cannot be read; correct the path")]
    [TestCase("OVERLAYFUSE_FILE=$P OVERLAYFUSE_SHA256=1", "in place of 1; fetch it again, or correct the checksum")]
    [TestCase("OVERLAYFUSE_FILE=http://localhost:9/x", "http://localhost:9/x: cannot be fetched; correct the address")]
    public void Install_ThatCannotBe_NamesTheRemedy(string variables, string complaint)
    {
        ToolResult result = Try(MakeProject + $"cp -r ../release ../bad; echo >>$(echo ../bad/*.gz); {variables} sh {s_install}");
        Assert.That(result.ExitCode, Is.EqualTo(1));
        string machine = System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64
            ? "x86_64" : "aarch64";
        Assert.That(result.Error, Does.Contain(complaint.Replace("$ARCH", machine, StringComparison.Ordinal)));
    }

    /// <summary>What the documentation of the services demands of the files.</summary>
    [Test]
    public void Files_OfTheServices_HaveWhatTheyDemand()
    {
        Dictionary<object, object> action = ServiceFile.Read(Action).Single();
        Assert.That(action.Keys, Is.EqualTo(new[] { "name", "description", "inputs", "outputs", "runs" }));
        Assert.That(action.Map("runs")["using"], Is.EqualTo("composite"));
        Assert.That(((List<object>)action.Map("runs")["steps"]).Cast<Dictionary<object, object>>(),
            Has.All.Matches<Dictionary<object, object>>(step => step.ContainsKey("shell") && step.ContainsKey("run")));
        Assert.That(action.Map("inputs").Values, Has.All.Matches<Dictionary<object, object>>(input => input.ContainsKey("description")));

        Dictionary<object, object>[] component = ServiceFile.Read(Component);
        Assert.That((component.Length, component[0].Keys.Single()), Is.EqualTo((2, (object)"spec")));

        using JsonDocument feature = JsonDocument.Parse(ServiceFile.Text(Feature));
        Assert.That(feature.RootElement.GetProperty("id").GetString(), Is.EqualTo(Path.GetFileName(Path.GetDirectoryName(Feature))));
        Assert.That(feature.RootElement.GetProperty("options").EnumerateObject().Select(option => option.Value),
            Has.All.Matches<JsonElement>(option => option.GetProperty("type").GetString() == "string"
                && option.TryGetProperty("default", out _) && option.TryGetProperty("description", out _)));
    }

    /// <summary>One version stands in all.</summary>
    [Test]
    public void Files_OfTheServices_NameTheVersion()
    {
        string version = ServiceFile.Text("Directory.Build.props").Split("<Version>")[1].Split("</Version>")[0];
        using JsonDocument feature = JsonDocument.Parse(ServiceFile.Text(Feature));
        Assert.That(new[]
        {
            ServiceFile.Read(Action).Single().Map("inputs").Map("version")["default"],
            ServiceFile.Read(Component)[0].Map("spec").Map("inputs").Map("version")["default"],
            feature.RootElement.GetProperty("version").GetString(),
            feature.RootElement.GetProperty("options").GetProperty("version").GetProperty("default").GetString(),
        }, Is.All.EqualTo(version));
    }
}
