using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>Programs that carry whole trees, with links, holes, owners, times, ACLs, capabilities and extended attributes.</summary>
[TestFixture, Category("Apps")]
internal sealed class ArchiveTests : AppTest
{
    private const string Tar = "tar --xattrs --xattrs-include='*' --acls --sparse --numeric-owner";
    private const string Rsync = "rsync -aHAXS --numeric-ids";

    /// <summary>Metadata that find does not print.</summary>
    private const string Attributes = """
        find . -print0 | sort -z | xargs -0 getfattr -h -d -m '^(user|security|trusted\.[^o]|system)'
        find . ! -type l -print0 | sort -z | xargs -0 getfacl -n
        """;

    [Test]
    public void Tar_IntoTheMergedViewAndOut_SameTree()
    {
        string tree = Plant("tree", 1), back = Sandbox.MakeDirectory("back");
        string archive = Sandbox.PathOf("in.tar"), archiveBack = Sandbox.PathOf("out.tar");
        using MergedView view = MergedView.Over(Sandbox, Plant("lower", 2));
        Bash.Run($"{Tar} -cf {archive} .", tree);

        view.Run($"mkdir in\ncd in\n{Tar} -xpf {archive}\n{Tar} --compare -f {archive}");
        Bash.Run($"{Tar} -C {view.Root}/in -cf {archiveBack} .\n{Tar} -C {back} -xpf {archiveBack}");

        AssertSameTree(view.Root + "/in", tree);
        AssertSameTree(back, tree);
    }

    [Test]
    public void Tar_OverATreeInTheLowerLayers_ReplacesEveryFile()
    {
        string tree = Plant("tree", 1), archive = Sandbox.PathOf("in.tar");
        using MergedView view = MergedView.Over(Sandbox, Plant("upper-one", 2), Plant("lower-one", 3));
        Bash.Run($"{Tar} -cf {archive} .", tree);

        view.Run($"{Tar} -xpf {archive}\n{Tar} --compare -f {archive}");
        view.Remount();
        view.Run($"{Tar} --compare -f {archive}");

        view.AssertLowersUntouched();
    }

    [Test]
    public void Rsync_BothDirectionsWithDelete_SameTree([Values("", "--inplace")] string how)
    {
        string tree = Plant("tree", 1), back = Sandbox.MakeDirectory("back");
        using MergedView view = MergedView.Over(Sandbox, Plant("upper-one", 2), Plant("lower-one", 3));
        string options = how.Length == 0 ? Rsync : $"{Rsync.Replace("S", "", StringComparison.Ordinal)} {how}";

        Bash.Run($"{options} --delete {tree}/ {view.Root}/");
        string left = Bash.Run($"{Rsync} --delete --checksum --dry-run --itemize-changes {tree}/ {view.Root}/");
        Bash.Run($"{options} --delete {view.Root}/ {back}/");

        Assert.That(left, Is.Empty, "what rsync still finds different");
        AssertSameTree(view.Root, tree);
        AssertSameTree(back, tree);
        view.AssertLowersUntouched();
    }

    [Test]
    public void Copy_ArchiveModeOutOfMergedLayers_SameAsTheKernelsCopy()
    {
        string[] lowers = [Plant("upper-one", 2), Plant("lower-one", 3)];
        string ours = Sandbox.MakeDirectory("ours"), kernels = Sandbox.MakeDirectory("kernels");
        using MergedView view = MergedView.Over(Sandbox, lowers);

        Bash.Run($"cp -a {view.Root}/. {ours}");
        using (view.MountByKernel()) Bash.Run($"cp -a {view.Root}/. {kernels}");

        AssertSameTree(ours, kernels);
    }

    [Test]
    public void Move_MergedDirectory_ProgramCopesAndTheSourceIsGone()
    {
        string tree = Plant("expected", 2);
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run($"mkdir {lower}/from\n{Rsync} {tree}/ {lower}/from/");
        using MergedView view = MergedView.Over(Sandbox, lower);

        view.Run("echo added > from/added\nmv from to\ntest ! -e from\nrm to/added");
        view.Remount();

        Assert.That(view.Run("ls -A"), Is.EqualTo("to\n"));
        AssertSameTree(view.Root + "/to", tree);
        view.AssertLowersUntouched();
    }

    [Test]
    public void RemoveRecursively_MergedTree_NothingReturnsAfterRemountNorInTheKernel()
    {
        using MergedView view = MergedView.Over(Sandbox, Plant("upper-one", 2), Plant("lower-one", 3));

        view.Run("find . -mindepth 1 -maxdepth 1 -exec rm -rf {} +\ntest -z \"$(ls -A)\"\nmkdir plain\ntest -z \"$(ls -A plain)\"");
        view.Remount();
        Assert.That(view.Run("find . -mindepth 1"), Is.EqualTo("./plain\n"));
        view.AssertLowersUntouched();

        using OverlayMount kernel = view.MountByKernel();
        Assert.That(Bash.Run("find . -mindepth 1", view.Root), Is.EqualTo("./plain\n"));
    }

    [Test]
    public void Du_MergedTree_SameBlocksAsOnTheBareDisk()
    {
        string tree = Plant("lower", 2);
        using MergedView view = MergedView.Over(Sandbox, tree);
        const string Blocks = "find . -type f -printf '%P %b\\n' | sort; du -s --apparent-size common plain/deep | sort";

        Assert.That(view.Run(Blocks), Is.EqualTo(Bash.Run(Blocks, tree)));
    }

    /// <summary>POSIX: an entry that is neither added nor removed while a directory is read appears once, whatever else changes.</summary>
    [Test]
    public void List_WhileOthersChangeTheDirectory_StableEntriesAppearOnce()
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run("mkdir d; cd d; for i in $(seq 3000); do echo > stable-$i; done; for i in $(seq 500); do echo > lower-$i; done", lower);
        using MergedView view = MergedView.Over(Sandbox, lower);
        const string Churn = "i=0; while true; do i=$((i + 1)); echo > churn-$i; rm -f churn-$((i - 50)) lower-$i; "
            + "mv churn-$i renamed-$i; rm -f renamed-$((i - 20)); done";

        using BackgroundScript first = BackgroundScript.Start(Churn, view.Root + "/d");
        using BackgroundScript second = BackgroundScript.Start("while true; do ls -lR .. || true; done", view.Root + "/d");
        for (int round = 0; round < 30; round++)
            Assert.That(view.Run("find d -name 'stable-*' -printf '%f\\n' | sort -u | wc -l; find d -name 'stable-*' | wc -l"),
                Is.EqualTo("3000\n3000\n"));

        Assert.That(first.Running && second.Running, "the directory changed all the while");
    }

    private string Plant(string name, int seed)
    {
        string directory = Sandbox.MakeDirectory(name);
        Bash.Run($"{Bash.ScriptBesideTests("plant-tree.sh")} {seed}", directory);
        return directory;
    }

    private static void AssertSameTree(string actual, string expected)
    {
        TreeManifest.AssertSame(TreeManifest.OfContent(actual), TreeManifest.OfContent(expected), actual);
        TreeManifest.AssertSame(Bash.Run(Attributes, actual).Split('\n'), Bash.Run(Attributes, expected).Split('\n'),
            $"extended attributes and ACLs of {actual}");
    }
}
