using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>Compilers and build tools: many short-lived processes, time stamps that must be trusted, mapped files.</summary>
[TestFixture]
internal sealed class BuildTests : AppTest
{
    [Test, Category("Apps")]
    public void Make_SourcesInTheLowerLayer_SameBinariesAsOnTheBareDiskAndThenNothingToDo()
    {
        string lower = Sandbox.MakeDirectory("lower"), bare = Sandbox.MakeDirectory("bare");
        SourceTrees.UnpackTo(lower);
        Bash.Run($"cp -a {lower}/. {bare}");
        using MergedView view = MergedView.Over(Sandbox, lower);

        string built = view.Run(SourceTrees.BuildAndCheck);

        Assert.That(built, Is.EqualTo(Bash.Run(SourceTrees.BuildAndCheck, bare)));
        view.Remount();
        Assert.That(view.Run("make -q && echo nothing to do"), Is.EqualTo("nothing to do\n"));
        view.AssertLowersUntouched();
    }

    /// <summary>
    /// The objects of an older build lie below: make must see that a touched source is newer, and rebuild and replace just that.
    /// </summary>
    [Test, Category("Apps")]
    public void Make_BuiltTreeInTheLowerLayer_RebuildsWhatWasTouched()
    {
        string lower = Sandbox.MakeDirectory("lower");
        SourceTrees.UnpackTo(lower);
        Bash.Run(SourceTrees.BuildAndCheck, lower);
        using MergedView view = MergedView.Over(Sandbox, lower);
        Assert.That(view.Run("make -q && echo nothing to do"), Is.EqualTo("nothing to do\n"));

        view.Run("""
            source=$(ls adler32.c src/f1.c 2>/dev/null || true)
            touch $source
            ! make -q
            make -s check >/dev/null
            """);

        Assert.That(view.Run("make -q && echo nothing to do"), Is.EqualTo("nothing to do\n"));
        view.AssertLowersUntouched();
    }

    [Test, Category("AppsLong")]
    public void DotnetBuild_ThisProjectInTheLowerLayer_BuildsTwice()
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run($"cp -a {ProgramUnderTest.Repository}/. .\nrm -rf .git artifacts\nfind . -name bin -o -name obj | xargs rm -rf", lower);
        using MergedView view = MergedView.Over(Sandbox, lower);

        const string Build = "dotnet build src/OverlayFuse.Cli -f net10.0 --disable-build-servers -nodeReuse:false "
            + "-p:UseSharedCompilation=false";
        view.Run(Build, timeoutSeconds: 1200);
        string second = view.Run(Build, timeoutSeconds: 1200);

        Assert.That(second, Does.Contain("0 Error(s)"));
        // It does not run without the native part, which only `make publish` links.
        view.Run("test -s src/OverlayFuse.Cli/bin/Debug/net10.0/*/overlayfuse.dll");
        view.AssertLowersUntouched();
    }
}
