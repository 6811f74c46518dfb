using OverlayFuse.Mount.Tests.Documentation;

namespace OverlayFuse.Mount.Tests.Containers;

/// <summary>
/// Docker's engine of an ordinary user with its storage driver fuse-overlayfs: it starts the program of that name from PATH, which is ours.
/// </summary>
[TestFixture]
internal sealed class DockerTests : ContainerTest
{
    /// <summary>The engine has the network of the machine, of which an ordinary user changes nothing.</summary>
    private static readonly string s_engine = $$"""
        mkdir ~/bin
        ln -s /usr/share/docker.io/contrib/dockerd-rootless.sh ~/bin
        export DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock
        export DOCKERD_ROOTLESS_ROOTLESSKIT_NET=host DOCKERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER=none
        {{Page.Containers.Block("Docker", 0).Replace("/usr/local/bin/", "$PWD/../etc/", StringComparison.Ordinal).Trim()}} \
            --bridge=none --iptables=false --ip-forward=false >engine.log 2>&1 &
        for _ in $(seq 300); do docker version >/dev/null 2>&1 && break; sleep 0.1; done
        mkdir -p base/bin base/etc
        cp /bin/busybox base/bin
        for name in sh ls cat rm grep stat chown; do ln -s busybox base/bin/$name; done
        echo old >base/etc/motd
        tar -C base -c . | docker import - base >/dev/null

        """;

    [Test]
    public void Docker_OfAnOrdinaryUser_RunsDiffsAndCommits()
    {
        string output = Run(Storage.Rootless, s_engine + """
            docker info --format '{{.Driver}}'
            docker run --name box --network none base sh -c 'echo new >/etc/made; rm /etc/motd; chown 5:6 /etc/made
                grep -o fuse.overlayfuse /proc/self/mounts'
            docker diff box
            docker commit box changed >/dev/null
            docker run --rm --network none changed sh -c 'cat /etc/made; stat -c %u:%g /etc/made; ls /etc/motd' 2>&1 || echo "exit $?"
            docker rm box
            """);
        Assert.That(output, Is.EqualTo("""
            fuse-overlayfs
            fuse.overlayfuse
            C /etc
            A /etc/made
            D /etc/motd
            new
            5:6
            ls: /etc/motd: No such file or directory
            exit 1
            box

            """));
    }
}
