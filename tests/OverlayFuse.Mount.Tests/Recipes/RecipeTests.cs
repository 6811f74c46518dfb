using OverlayFuse.Mount.Tests.Run;

namespace OverlayFuse.Mount.Tests.Recipes;

/// <summary>
/// The recipes of examples/, step by step, with a small project and the variables of the services. The checkout must stay as it was.
/// </summary>
[TestFixture(Runner.Root), TestFixture(Runner.User), Category("Run")]
internal sealed class RecipeTests(Runner runner) : RunTest(runner)
{
    private const string Changes = "A out\nA out/report\nD src/old\nM src/version\n";

    /// <summary>What the tests of this project do to their tree is what nobody wants in a checkout. sudo is not tried.</summary>
    private const string MakeProject = """
        mkdir -p checkout/src bin temp; cd checkout
        printf '#!/bin/sh\necho sudo "$@"\n' > ../bin/sudo; chmod +x ../bin/sudo; export PATH="$PWD/../bin:$PATH"
        printf 'test:\n\tmkdir -p out\n\techo "report of $(VARIANT)" > out/report\n\techo 2 > src/version\n\trm src/old\n' > Makefile
        echo out/ > .gitignore; echo 1 | tee src/version src/old >/dev/null
        git init -q; git add .; git -c user.name=me -c user.email=me@localhost commit -qm project
        export OVERLAYFUSE_URL=file://$P

        """;

    private const string ShowCheckout = "\ngit -C . status --porcelain --ignored; cat src/version src/old\n";

    /// <summary>Each step is a shell of its own; what it adds to GITHUB_PATH is in PATH of the next.</summary>
    [Test]
    public void GitHubActions_StepByStep_LeaveTheCheckoutClean()
    {
        string script = MakeProject + "export RUNNER_TEMP=$PWD/../temp GITHUB_PATH=$PWD/../path; touch $GITHUB_PATH\n";
        foreach (Dictionary<object, object> step in Recipe.Steps("github-actions.yml", "test"))
        {
            if (step.TryGetValue("env", out object? variables))
                Assert.That(variables, Is.EqualTo(new Dictionary<object, object> { ["OVERLAYFUSE_URL"] = "${{ vars.OVERLAYFUSE_URL }}" }),
                    "what the project above sets");
            if (step.TryGetValue("uses", out object? action))
                Assert.That(action, Does.StartWith("actions/checkout@"), "what is done here by another way");
            else
                script += $"PATH=\"$(tr '\\n' : <$GITHUB_PATH)$PATH\" bash -e <<'END-OF-STEP'\n{step["run"]}\nEND-OF-STEP\n";
        }
        Assert.That(Shell(script + "cd $PWD" + ShowCheckout), Does.Contain(Changes).And.EndWith("\n1\n1\n"));
    }

    /// <summary>before_script and script are one shell, after_script is another.</summary>
    [Test]
    public void GitLabCi_ScriptByScript_KeepsWhatBothVariantsWrote()
    {
        const string name = "gitlab-ci.yml";
        string Join(params string[] keys) => string.Join('\n', keys.SelectMany(key => Recipe.Lines(name, "test", key)));
        string script = MakeProject + $$"""
            export CI_PROJECT_DIR=$PWD
            bash -eo pipefail <<'END-OF-SCRIPT'
            {{Join("before_script", "script")}}
            END-OF-SCRIPT
            bash -eo pipefail <<'END-OF-SCRIPT'
            {{Join("after_script")}}
            END-OF-SCRIPT
            cat artifacts/debug artifacts/release; test ! -e $PWD.overlay

            """;
        Assert.That(Shell(script + ShowCheckout), Does.EndWith("report of debug\nreport of release\n?? artifacts/\n1\n1\n"));
        Assert.That(Recipe.Lines(name, "test", "artifacts", "paths"), Is.EqualTo(new[] { "artifacts/" }));
    }

    [Test]
    public void ShellJob_WithBothKindsOfView_LeavesTheCheckoutClean()
    {
        string output = Shell(MakeProject + $"ln -s $P ../bin/overlayfuse\nsh '{Recipe.PathOf("job.sh")}' . 2>&1\n" + ShowCheckout);
        Assert.That(output, Does.Contain("\n4 paths would have changed\n").And.EndWith(Changes + "1\n1\n"));
    }
}
