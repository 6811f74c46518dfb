using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Ids;

/// <summary>buildah as root with a container's range of ids, the program as its mount_program.</summary>
[TestFixture, Category("Ids"), Category("AppsLong")]
internal sealed class BuildahTests : AppTest
{
    [Test]
    public void From_WithAMapOfIds_FilesAreTheContainersOnDiskAndTheHostsInTheMount()
    {
        string output = Bash.Run($$"""
            buildah() { command buildah --root $PWD/root --runroot $PWD/run --storage-driver overlay \
                --storage-opt overlay.mount_program={{ProgramUnderTest.Path}} "$@"; }
            container=$(buildah from --userns-uid-map 0:100000:65536 --userns-gid-map 0:100000:65536 scratch)
            trap 'buildah umount $container >/dev/null; buildah rm $container >/dev/null' EXIT
            merged=$(buildah mount $container)
            case $merged in $PWD/*) ;; *) exit 1 ;; esac
            mkdir $merged/made
            chown 100005:100006 $merged/made
            (cd $merged/made; setpriv --reuid 100005 --regid 100006 --clear-groups sh -c "echo x > file")
            stat -c %u:%g $merged/made $merged/made/file
            grep -c " $merged fuse.overlayfuse " /proc/mounts
            stat -c %u:%g root/overlay/*/diff/made root/overlay/*/diff/made/file
            """, Sandbox.Root);
        Assert.That(output, Is.EqualTo("100005:100006\n100005:100006\n1\n5:6\n5:6\n"));
    }
}
