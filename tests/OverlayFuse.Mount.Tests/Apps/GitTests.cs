using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>git on a clone of this repository. The oracle is the same sequence of commands on the bare disk.</summary>
[TestFixture, Category("Apps")]
internal sealed class GitTests : AppTest
{
    /// <summary>Fixed names and dates: the same work gives the same commit ids anywhere.</summary>
    private const string Identity = """
        export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' GIT_CONFIG_KEY_1=core.fsync GIT_CONFIG_VALUE_1=all
        export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE='2026-01-01T00:00:00Z'
        export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org GIT_COMMITTER_DATE='2026-01-01T00:00:00Z'
        """;

    private const string AssertSound = """
        git fsck --full --strict
        test -z "$(git status --porcelain)"
        """;

    private const string Work = """
        git checkout -q -b work
        find . -path ./.git -prune -o -type f -print | sort | awk 'NR % 3 == 0' | xargs sed -i '1s/^/changed /'
        mv src source
        git rm -q -f LICENSE
        mkdir -p new/directory
        for i in $(seq 200); do echo "$i" > new/directory/"$i"; done
        git add -A
        git commit -q -m 'Change, move, remove, add'
        git checkout -q work~1
        git checkout -q work
        git worktree add -q ../worktree work~1
        git stash list
        git checkout -q -b other work~1
        echo other > other
        git add other
        git commit -q -m Other
        git merge -q -m Merged work
        git gc -q --aggressive --prune=now
        git repack -q -a -d -f
        """;

    [Test]
    public void Clone_IntoMergedView_IsSoundAndTheSameCommit()
    {
        string source = MakeSource();
        using MergedView view = MergedView.Over(Sandbox, Sandbox.MakeDirectory("lower"));

        view.Run($"{Identity}\ngit clone -q file://{source} clone\ncd clone\n{AssertSound}");

        string cloned = view.Run($"{Identity}\ngit -C clone rev-parse HEAD");
        Assert.That(cloned, Is.EqualTo(Bash.Run($"{Identity}\ngit rev-parse HEAD", source)));
    }

    [Test]
    public void CheckoutCommitMergeGc_CloneInLowerLayer_SameObjectsAndFilesAsOnTheBareDisk()
    {
        string lower = MakeLowerWithClone(), bare = Sandbox.MakeDirectory("bare");
        Bash.Run($"cp -a {lower}/. {bare}");
        using MergedView view = MergedView.Over(Sandbox, lower);

        foreach (string root in (string[])[view.Root, bare]) Bash.Run($"{Identity}\ncd clone\n{Work}\n{AssertSound}", root);

        Assert.That(Objects(view.Root), Is.EqualTo(Objects(bare)), "objects and index");
        view.Remount();
        Bash.Run($"{Identity}\ncd clone\n{AssertSound}", view.Root);
        Assert.That(Objects(view.Root), Is.EqualTo(Objects(bare)), "objects and index after remounting");
        view.AssertLowersUntouched();
    }

    /// <summary>git's index holds inode numbers and change times: diff-files tells when one of them is no longer what it was.</summary>
    [Test]
    public void DiffFiles_AfterRemount_IndexIsStillFresh()
    {
        using MergedView view = MergedView.Over(Sandbox, MakeLowerWithClone());
        view.Run($"{Identity}\ncd clone\necho 1 > new\ngit add new\ngit update-index -q --refresh");
        Assert.That(DiffFiles(view), Is.Empty);

        view.Remount();

        Assert.That(DiffFiles(view), Is.Empty);
    }

    private static string DiffFiles(MergedView view) => view.Run($"{Identity}\ngit -C clone diff-files");

    private static string Objects(string root) => Bash.Run($"""
        {Identity}
        cd clone
        git rev-list --all
        git ls-files -s
        git cat-file --batch-all-objects --batch-check
        """, root);

    private string MakeLowerWithClone()
    {
        string source = MakeSource(), lower = Sandbox.MakeDirectory("lower");
        Bash.Run($"{Identity}\ngit clone -q file://{source} clone", lower);
        return lower;
    }

    /// <summary>A bare mirror of this repository; a repository of the checked-out files where there is no history.</summary>
    private string MakeSource()
    {
        string source = Sandbox.PathOf("source.git");
        ToolResult mirrored = Bash.Try($"{Identity}\ngit clone -q --bare --no-local {ProgramUnderTest.Repository} {source}");
        if (mirrored.ExitCode != 0)
            Bash.Run($"""
                {Identity}
                git init -q {source}
                cp -a {ProgramUnderTest.Repository}/src {ProgramUnderTest.Repository}/LICENSE {source}
                cd {source}
                git add -A
                git commit -q -m Files
                """);
        return source;
    }
}
