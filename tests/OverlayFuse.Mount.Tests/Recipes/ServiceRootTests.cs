using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Recipes;

/// <summary>The scripts of the CI files in a new Debian, which has nothing but its base.</summary>
[TestFixture, Category("Run")]
internal sealed class ServiceRootTests : AppTest
{
    /// <summary>A chroot allows no user namespaces, so the root is the root of a mount namespace.</summary>
    private const string Inside = """
        cp -a ci root/ci; mkdir -p root/.old root/release
        r=overlayfuse-0.2.0-linux-$(uname -m); mkdir -p $r/bin; cp $P $r/bin/overlayfuse
        tar -czf root/release/$r.tar.gz $r; (cd root/release; sha256sum *.gz >SHA256SUMS)
        cat >root/try <<'END'
        set -eu
        export OVERLAYFUSE_RELEASE=/release OVERLAYFUSE_VERSION=0.2.0
        sh /ci/devcontainer/overlayfuse/install.sh
        cd $(mktemp -d); echo 1 >old
        changes=$(mktemp)
        export PATH=$HOME/.local/bin:/usr/local/bin:$PATH
        OVERLAYFUSE_RUN_CHANGES=$changes OVERLAYFUSE_RUN_COMMAND='rm old; id -u >new' /ci/run
        ls; cat $changes
        END
        exec unshare --mount --propagation private bash -euc '
            export PATH=/usr/sbin:/usr/bin:/sbin:/bin
            mount --rbind root root; cd root; mount --rbind /dev dev
            pivot_root . .old; mount -t proc proc /proc; cd /; umount -l /.old
            useradd --create-home fresh
            env -i HOME=/root PATH=$PATH bash /try
            rm /usr/local/bin/overlayfuse
            exec setpriv --reuid fresh --regid fresh --clear-groups env -i HOME=/home/fresh PATH=$PATH bash /try'
        """;

    [Test]
    public void Scripts_InANewDebian_WorkForRootAndAFreshUser()
    {
        string repository = ProgramUnderTest.Repository;
        string output = Bash.Run(
            $"{repository}/tests/debian-root root >&2; cp -a {repository}/ci .; P={ProgramUnderTest.Path}\n"
            + "mode=$(stat -c %a /dev/fuse); chmod 666 /dev/fuse; trap 'chmod $mode /dev/fuse' EXIT\n(" + Inside + "\n)",
            Sandbox.Root);
        const string once = "overlayfuse 0.2.0\nold\nA new\nD old\n";
        Assert.That(output, Is.EqualTo(once + once));
    }
}
