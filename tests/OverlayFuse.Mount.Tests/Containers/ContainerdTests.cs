using OverlayFuse.Mount.Tests.Documentation;

namespace OverlayFuse.Mount.Tests.Containers;

/// <summary>
/// containerd with `overlayfuse snapshotter` as its proxy plugin, beside its own snapshotter on the kernel's overlayfs. containerd is
/// started by the test, with a configuration and directories of its own, and ends with it.
/// </summary>
[TestFixture]
internal sealed class ContainerdTests : ContainerTest
{
    /// <summary>An archive of an image of several layers.</summary>
    private const string Image = Base + """
        mkdir image bin
        printf '%s\n' 'FROM base' 'RUN mkdir -p /etc /d && echo old >/etc/motd && echo 1 >/etc/first && touch /d/gone' \
            'RUN rm -r /d /etc/first && echo 2 >/etc/second && chown 5:6 /etc/second' >image/Dockerfile
        build image image
        echo '{"default": [{"type": "insecureAcceptAnything"}]}' >policy.json
        buildah push -q --signature-policy policy.json image docker-archive:$PWD/image.tar:localhost/image:1

        """;

    /// <summary>containerd, and `c`: ctr with that containerd. SNAPSHOTTER is overlayfs where no program mounts.</summary>
    private static readonly string s_containerd = $$"""
        # runc leaves the cgroup of the namespace "default".
        trap 'rmdir /sys/fs/cgroup/default/* /sys/fs/cgroup/default 2>/dev/null || true' EXIT
        ln -s $PWD/../etc/overlayfuse bin/overlayfuse
        export PATH=$PWD/bin:$PATH
        if [ -e ../etc/overlayfuse ]; then SNAPSHOTTER=overlayfuse; else SNAPSHOTTER=overlayfs; fi
        export CONTAINERD_ADDRESS=$PWD/c.sock
        cat >page.toml <<'END'
        {{Page.Containers.Block("containerd", 1)}}
        END
        {
            echo "root = \"$PWD/c-root\""
            echo "state = \"$PWD/c-state\""
            echo 'disabled_plugins = ["io.containerd.grpc.v1.cri"]'
            sed "s|/run/overlayfuse-snapshotter.sock|$PWD/s.sock|" page.toml
            printf '[grpc]\naddress = "%s"\n[ttrpc]\naddress = "%s.ttrpc"\n' "$CONTAINERD_ADDRESS" "$CONTAINERD_ADDRESS"
        } >c.toml
        serve() { overlayfuse snapshotter $PWD/s.sock $PWD/s-root 2>>s.log & SERVER=$!; }
        serve
        containerd --config c.toml >c.log 2>&1 &
        c() { timeout 60 ctr "$@" </dev/null; }
        for _ in $(seq 300); do c version >/dev/null 2>&1 && break; sleep 0.1; done
        start() { c run --snapshotter $SNAPSHOTTER --cpu-shares 0 "$@"; }
        c images import --snapshotter $SNAPSHOTTER image.tar >/dev/null

        """;

    private const string Mapped = """
        start --remap-labels --uidmap 0:1000:60000 --gidmap 0:2000:60000 localhost/image:1 mapped \
            sh -c 'id -u; stat -c %u:%g /bin/busybox /etc/second; touch /new; chown 7:8 /new; stat -c %u:%g /new'
        stat -c %u:%g s-root/snapshots/*/fs/new
        c containers rm mapped

        """;

    private const string Life = """
        start --rm localhost/image:1 one \
            sh -c 'ls -d /d; ls /etc/motd /etc/second /etc/first; stat -c "%u:%g" /etc/second; echo x >/etc/motd
                cat /etc/motd' 2>&1 | sort
        start localhost/image:1 two sh -c 'cat /etc/motd; echo new >/etc/new; rm /etc/second; mv /etc/motd /etc/moved; chmod 700 /tmp'
        c snapshots --snapshotter $SNAPSHOTTER diff two | tar -tz | sort
        c snapshots --snapshotter $SNAPSHOTTER commit committed two
        # A view would have no label that keeps it from the collection of garbage.
        c snapshots --snapshotter $SNAPSHOTTER prepare look committed >/dev/null
        mkdir view
        c snapshots --snapshotter $SNAPSHOTTER mounts $PWD/view look >mount
        # As containerd does it.
        sed -E -i 's/^mount -t fuse3.overlayfuse (.*)/mount.fuse3 \1 -t overlayfuse/' mount
        sh mount
        ls view/etc
        umount view
        c snapshots --snapshotter $SNAPSHOTTER ls | awk '{ print $NF }' | sort
        c snapshots --snapshotter $SNAPSHOTTER rm look
        c containers rm two
        c snapshots --snapshotter $SNAPSHOTTER rm committed
        c images rm --sync localhost/image:1 >/dev/null
        snapshots() { c snapshots --snapshotter $SNAPSHOTTER ls | awk 'NR > 1 { print $1 }'; }
        for _ in $(seq 10); do
            for name in $(snapshots); do c snapshots --snapshotter $SNAPSHOTTER rm $name 2>/dev/null || true; done
        done
        snapshots | wc -l
        # containerd removes them when it has time.
        left() { ls s-root/snapshots c-root/io.containerd.snapshotter.v1.overlayfs/snapshots | grep -c '^[0-9]' || true; }
        for _ in $(seq 300); do [ $(left) = 0 ] && break; sleep 0.1; done
        left
        daemons
        """;

    private const string LifeOutput = """
        /etc/motd
        /etc/second
        5:6
        ls: /d: No such file or directory
        ls: /etc/first: No such file or directory
        x
        old
        etc/
        etc/.wh.motd
        etc/.wh.second
        etc/moved
        etc/new
        tmp/
        hostname
        hosts
        moved
        new
        resolv.conf
        Active
        Committed
        Committed
        Committed
        Committed
        Committed
        Committed
        KIND
        0
        0
        0

        """;

    [Test]
    public void Image_RunCommittedAndRemoved_IsAsWithOverlayfs() => AssertAsKernel(Storage.Root, Image + s_containerd + Life, LifeOutput);

    /// <summary>The maps of ids that ctr gives as labels. The layers keep the ids of the image.</summary>
    [Test]
    public void UserNamespace_ByLabels_FilesAreTheContainers() =>
        Assert.That(Run(Storage.Root, Image + s_containerd + Mapped), Is.EqualTo("0\n0:0\n5:6\n7:8\n7:8\n"));

    /// <summary>
    /// containerd and the snapshotter of an ordinary user, side by side in the namespaces of rootlesskit. runc would make cgroups, which an
    /// ordinary user may not do without systemd.
    /// </summary>
    [Test]
    public void Rootless_InOneUserNamespace_FilesAreTheContainers()
    {
        string output = Run(Storage.Rootless, Image + """
            printf '#!/bin/sh\nexec crun --cgroup-manager=disabled "$@"\n' >bin/runc
            chmod 755 bin/runc
            cat >inside <<'END-OF-INSIDE'
            set -euo pipefail
            rm -rf /run/containerd
            mkdir /run/containerd

            """ + s_containerd + Mapped + """
            END-OF-INSIDE
            rootlesskit --net=host --copy-up=/run --copy-up=/etc bash inside 2>errors || cat errors
            """);
        Assert.That(output, Is.EqualTo("0\n0:0\n5:6\n7:8\n7:8\n"));
    }

    /// <summary>Mounts live on without the snapshotter; containerd finds the next one by itself.</summary>
    [Test]
    public void Snapshotter_KilledUnderAContainer_ComesBackWithAll()
    {
        string output = Run(Storage.Root, Image + s_containerd + """
            start -d localhost/image:1 lasting sh -c 'echo new >/new; exec sleep 1000'
            for _ in $(seq 300); do [ -s s-root/snapshots/*/fs/new ] && break; sleep 0.1; done
            kill -9 $SERVER
            wait $SERVER || true
            c tasks exec --exec-id e lasting sh -c 'cat /new; echo more >>/new'
            serve
            for _ in $(seq 300); do c snapshots --snapshotter $SNAPSHOTTER info lasting >/dev/null 2>&1 && break; sleep 0.1; done
            c tasks exec --exec-id f lasting cat /new
            start --rm localhost/image:1 other cat /etc/second
            c tasks kill -s SIGKILL lasting
            for _ in $(seq 300); do c tasks rm lasting >/dev/null 2>&1 && break; sleep 0.1; done
            c containers rm lasting
            c snapshots --snapshotter $SNAPSHOTTER ls | grep -c Committed
            daemons
            """);
        Assert.That(output, Is.EqualTo("new\nnew\nmore\n2\n5\n0\n"));
    }
}
