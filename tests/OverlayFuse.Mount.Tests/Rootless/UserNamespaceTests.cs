using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Soak;

namespace OverlayFuse.Mount.Tests.Rootless;

/// <summary>An ordinary user who is root of a user namespace: as containers without root are run.</summary>
[TestFixture, Category("Rootless")]
internal sealed class UserNamespaceTests : RootlessTest
{
    private const string OnlyRoot = "unshare -Urm", FullMap = "unshare -Um --map-root-user --map-auto";

    [Test]
    public void Scenario_InANamespace_SameAsTheKernelGivesThere([Values(OnlyRoot, FullMap)] string unshare)
    {
        (string merged, string upper) = ExpectedByTheKernel(unshare);

        (string actualMerged,
            string actualUpper) = Split(RunMounted(unshare, $"({Scenario})\n{ShowMerged}\necho ---upper\numount merged\n{ShowUpper}"));

        Assert.Multiple(() =>
        {
            Assert.That(actualMerged, Is.EqualTo(merged), "merged tree");
            Assert.That(actualUpper, Is.EqualTo(upper), "upper layer on the disk");
            Assert.That(Bash.Run("find . -mindepth 2", Home + "/work"), Is.Empty, "work directory");
        });
    }

    [Test]
    public void Remount_ByTheKernelInANamespace_SameTree([Values(OnlyRoot, FullMap)] string unshare)
    {
        string ours = RunMounted(unshare, $"({Scenario})\n{ShowMerged}\numount merged");

        string kernels = User.Run($"""
            {unshare} bash -euo pipefail <<'END-OF-INNER'
            mount -t overlay overlay -o {Options} merged
            {ShowMerged}
            END-OF-INNER
            """, Home);

        Assert.That(ours, Is.EqualTo(kernels));
    }

    /// <summary>With a full map the namespace's root may give files to others, and run programs as them.</summary>
    [Test]
    public void Chown_FullMapOfSubordinateIds_OwnersAreTheMappedOnesOnTheDisk()
    {
        RunMounted(FullMap, """
            cd merged
            chown 5:6 kept
            mkdir of-another
            chown 1000:1000 of-another
            setpriv --reuid 1000 --regid 1000 --clear-groups \
                bash -c 'echo mine > of-another/file; mkdir of-another/directory; ! echo > kept-out 2>/dev/null'
            test "$(stat -c %u:%g of-another/file of-another/directory kept | tr '\n' ' ')" = '1000:1000 1000:1000 5:6 '
            cd ..
            umount merged
            """);

        int first = User.FirstSubordinateId - 1;
        Assert.That(Bash.Run("stat -c %u:%g kept of-another/file of-another/directory", Home + "/upper"),
            Is.EqualTo($"{first + 5}:{first + 6}\n{first + 1000}:{first + 1000}\n{first + 1000}:{first + 1000}\n"));
    }

    /// <summary>
    /// Entries of root's that the user may not read, where user.* cannot be read either: a file cannot be a metacopy then, a directory
    /// above the lowest layer cannot be had, and what is in a directory of the user's can be removed.
    /// </summary>
    [Test]
    public void Look_AtUnreadableLowerEntries_SeenAndRemovedAsOnTheKernel([Values(OnlyRoot, FullMap)] string unshare)
    {
        string kernelHome = MakeHome("kernel-home");
        User.Run(MakeLayers, kernelHome);
        foreach (string home in new[] { Home, kernelHome }) Bash.Run(MakeUnreadable, home);
        string expected = User.Run($"""
            {unshare} bash -euo pipefail <<'END-OF-INNER'
            mount -t overlay overlay -o {Options},index=off,redirect_dir=nofollow merged
            {LookAtUnreadable}
            END-OF-INNER
            """, kernelHome);

        string actual = RunMounted(unshare, LookAtUnreadable);

        Assert.That(actual, Is.EqualTo(expected));
        Assert.That(actual, Does.Contain("secret 600 7 regular file").And.Contain("shut 700: Permission denied"),
            "the tools say what the test takes them to say");
    }

    /// <summary>Who stands in for an owner without a place in the namespace lends no set-id bit.</summary>
    [Test]
    public void Stat_SetUidProgramOfAStrangers_HasNoSetUid()
    {
        Bash.Run("echo > bottom/program\nchmod 6755 bottom/program", Home);
        Assert.That(RunMounted(OnlyRoot, "stat -c %a merged/program"), Is.EqualTo("755\n"));
    }

    /// <summary>
    /// Lists of lower and upper entries that name ids without a place in the namespace. What they give the user is as on the kernel's
    /// overlayfs, which keeps their entries; we cannot.
    /// </summary>
    [Test]
    public void Change_BelowAccessListsThatNameStrangers_AsOnTheKernel()
    {
        string kernelHome = MakeHome("kernel-home");
        User.Run(MakeLayers, kernelHome);
        foreach (string home in new[] { Home, kernelHome }) Bash.Run(MakeLists.Replace("USER", User.Name, StringComparison.Ordinal), home);
        string expected = User.Run($"""
            {OnlyRoot} bash -euo pipefail <<'END-OF-INNER'
            mount -t overlay overlay -o {Options},index=off,redirect_dir=nofollow merged
            {ChangeBelowLists}
            END-OF-INNER
            """, kernelHome);

        string actual = RunMounted(OnlyRoot, ChangeBelowLists);

        Assert.That(actual, Is.EqualTo(expected));
        Assert.That(Bash.Run("getfacl -cpn with-list; getfacl -cpn default", Home + "/upper"), Is.EqualTo(
            "user::rwx\ngroup::r-x\nmask::rwx\nother::r-x\n\n"
                + "user::rwx\ngroup::r-x\nother::r-x\ndefault:user::rwx\ndefault:group::r-x\ndefault:mask::rwx\ndefault:other::r-x\n\n"));
    }

    /// <summary>Without an entry that denies, somebody would get more than before: refused, as an owner without a place is.</summary>
    [Test]
    public void CopyUp_AccessListThatDeniesAStranger_Refused()
    {
        Bash.Run($"mkdir bottom/denies; setfacl -m u:4000:--- bottom/denies; chown {User.Name}:{User.Name} bottom/denies", Home);
        Assert.That(RunMounted(OnlyRoot, "ls merged/denies; touch merged/denies/file 2>&1 || true"), Does.Contain("Value too large"));
        Assert.That(Directory.Exists(Home + "/upper/denies"), Is.False);
    }

    private const string MakeLists = """
        mkdir bottom/with-list bottom/default bottom/default-of-group upper/default-in-upper top/default-in-upper
        setfacl -m u:4000:rwx bottom/with-list bottom/kept
        setfacl -d -m u:4000:rwx bottom/default upper/default-in-upper
        setfacl -d -m g:4000:rwx bottom/default-of-group
        echo old | tee top/default-in-upper/file top/default-in-upper/other >/dev/null
        chown -R USER:USER bottom upper top
        """;

    private const string ChangeBelowLists = """
        cd merged
        stat -c '%n %a' with-list kept default
        cat kept
        touch with-list/file kept default/file default-of-group/file default-in-upper/new
        mkdir default/directory default-in-upper/directory
        chmod 770 default-of-group
        rm default-in-upper/file default-in-upper/other
        echo > default-in-upper/file
        mkdir default-in-upper/other
        find . -path '*li*' -printf '%P %y %m\n' | sort
        cd ..
        umount merged
        """;

    private const string MakeUnreadable = """
        echo secret | tee bottom/secret top/secret2 bottom/directory/secret >/dev/null
        chmod 600 bottom/secret top/secret2 bottom/directory/secret
        setfattr -n user.colour -v blue bottom/secret
        mkfifo -m 600 bottom/root-fifo
        ln -s nowhere bottom/root-link
        mkdir -m 711 top/searched bottom/searched
        mkdir -m 700 top/shut bottom/lowest
        """;

    private const string LookAtUnreadable = """
        ls merged merged/directory
        for name in secret secret2 directory/secret root-fifo root-link lowest; do stat -c '%n %a %s %F' merged/$name; done
        for name in searched shut; do stat merged/$name 2>&1 | sed "s/^.*: /$name $(stat -c %a top/$name): /" || true; done
        cat merged/secret 2>&1 || true
        getfattr -n user.colour merged/secret 2>&1 || true
        rm -f merged/secret merged/secret2 merged/directory/secret merged/root-fifo merged/root-link
        ls merged merged/directory
        umount merged
        """ + "\n" + ShowUpper;

    /// <summary>The daemon keeps its own namespace alive when everything else in it has ended; a signal from outside must end it.</summary>
    [Test]
    public void Signal_AfterTheNamespacesLastProcessEnded_DaemonEnds()
    {
        RunMounted(OnlyRoot, "echo x > merged/new");

        List<int> daemons = DaemonProcess.Of(Home + "/merged");
        DaemonProcess.Signal(daemons, Signum.SIGTERM);

        DaemonProcess.AssertEnded(daemons, "SIGTERM");
        Assert.That(File.ReadAllText(Home + "/upper/new"), Is.EqualTo("x\n"));
        Assert.That(Bash.Run("find . -mindepth 2", Home + "/work"), Is.Empty, "work directory");
    }

    /// <summary>As a container ends: the first process of the process namespace ends, and the kernel kills the rest.</summary>
    [Test]
    public void End_OfTheProcessNamespace_NoDaemonStaysAndTheUpperIsWhole()
    {
        RunMounted(OnlyRoot + "pf --kill-child", "echo x > merged/new; echo more >> merged/appended");

        Assert.That(SpinWait.SpinUntil(() => DaemonProcess.Of(Home + "/merged").Count == 0, 10_000), "the daemon ends with the namespace");
        Assert.That(Bash.Run("cat upper/new upper/appended", Home), Is.EqualTo("x\nof the bottom: appended\nmore\n"));
    }

    [Test]
    public void FusermountUnmount_InANamespace_DaemonEnds()
    {
        RunMounted(OnlyRoot, "fusermount3 -u merged || umount merged\n! mountpoint -q merged");

        Assert.That(SpinWait.SpinUntil(() => DaemonProcess.Of(Home + "/merged").Count == 0, 10_000), "the daemon ends");
    }

    private string RunMounted(string unshare, string script) => User.Run($"""
        {unshare} bash -euo pipefail <<'END-OF-INNER'
        {Program} -o {Options} {Home}/merged
        {script}
        END-OF-INNER
        """, Home);
}
