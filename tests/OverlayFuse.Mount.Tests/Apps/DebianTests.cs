namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>
/// A Debian root in seven layers, worked on by dpkg and apt. The oracle is the same root on the bare disk, worked on in the same way.
/// </summary>
[TestFixture]
internal sealed class DebianTests : AppTest
{
    /// <summary>
    /// What two runs of the same installation never have in common: logs, caches with times inside, downloaded lists, host keys.
    /// </summary>
    private static readonly string[] DifferentByNature =
        ["./var/log", "./var/cache", "./var/lib/apt", "./var/lib/dpkg/*-old", "./var/lib/dpkg/lock*", "./run", "./dev", "./proc",
            "./etc/*-", "./tmp", "./etc/ssh/ssh_host_*"];

    private const string RemoveAndReinstall = """
        apt-get install -y --no-install-recommends --no-download man-db bc less
        man -w ls >/dev/null || true
        echo '6 * 7' | bc | grep -qx 42
        apt-get remove -y --purge bc
        dpkg --purge man-db
        apt-get install -y --no-install-recommends --no-download man-db
        """;

    private const string AptFromTheMirror = """
        apt-get update
        apt-get install -y --no-install-recommends git python3 openssh-server man-db vim-tiny
        python3 -c 'import sqlite3, json; print("ok")' | grep -qx ok
        git init -q /tmp/repository
        apt-get install -y --reinstall coreutils perl-base libc-bin dpkg tzdata
        dpkg-divert --add --rename --divert /usr/bin/vi.diverted /usr/bin/vim.tiny
        dpkg-divert --remove --rename /usr/bin/vim.tiny
        apt-get remove -y git
        apt-get purge -y openssh-server
        apt-get autoremove -y --purge
        """;

    [Test, Category("Apps")]
    public void Lookup_DebianInSevenLayers_MergedViewIsTheUncutRoot([Values] RemovalForm form)
    {
        string debian = DebianRoot.Unpack(Sandbox);
        using MergedView view = MergedView.Over(Sandbox, DebianRoot.Cut(Sandbox, debian, form));

        TreeManifest.AssertSame(TreeManifest.OfContent(view.Root), TreeManifest.OfContent(debian), "merged view of the cut root");
        view.AssertLowersUntouched();
    }

    [Test, Category("Apps")]
    public void Dpkg_InstallRemovePurgeOfCachedPackages_RootIsAsOnTheBareDisk() => AssertSameAsOnTheBareDisk(RemoveAndReinstall);

    [Test, Category("AppsLong")]
    public void AptGet_InstallReinstallDivertRemoveFromTheMirror_RootIsAsOnTheBareDisk() => AssertSameAsOnTheBareDisk(AptFromTheMirror);

    private void AssertSameAsOnTheBareDisk(string script)
    {
        string debian = DebianRoot.Unpack(Sandbox);
        using MergedView view = MergedView.Over(Sandbox, DebianRoot.Cut(Sandbox, debian, RemovalForm.Overlay));

        string merged = WorkAndVerify(view.Root, script);
        string bare = WorkAndVerify(debian, script);

        Assert.That(merged, Is.EqualTo(bare), "installed packages");
        TreeManifest.AssertSame(ContentWithoutTimes(view.Root), ContentWithoutTimes(debian), "root after the installations");
        view.AssertLowersUntouched();
        view.Remount();
        TreeManifest.AssertSame(ContentWithoutTimes(view.Root), ContentWithoutTimes(debian), "root after remounting");
    }

    /// <summary>Returns the list of installed packages, once dpkg has found nothing wrong with them.</summary>
    private static string WorkAndVerify(string root, string script)
    {
        DebianRoot.Chroot(root, script, timeoutSeconds: 1800);
        string audit = DebianRoot.Chroot(root, "dpkg --audit");
        string verify = DebianRoot.Chroot(root, "dpkg --verify");
        Assert.Multiple(() =>
        {
            Assert.That(audit, Is.Empty, $"dpkg --audit in {root}");
            Assert.That(verify, Is.Empty, $"dpkg --verify in {root}");
        });
        return DebianRoot.Chroot(root, "dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\\n'");
    }

    private static string[] ContentWithoutTimes(string root) => [.. TreeManifest.OfContent(root, DifferentByNature).Select(WithoutTime)];

    /// <summary>Maintainer scripts write files at the time of the run.</summary>
    private static string WithoutTime(string line)
    {
        string[] fields = line.Split('|');
        if (fields.Length > 6) fields[6] = "";
        return string.Join('|', fields);
    }
}
