using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Containers;

/// <summary>podman and buildah with our program as mount_program, as root and as an ordinary user, beside the kernel's overlayfs.</summary>
[TestFixture]
internal sealed class PodmanTests : ContainerTest
{
    private const string Listing = """
        cat >list <<'END'
        cd /
        find bin/busybox d f hard moved s | sort | while read -r name; do
            case $(stat -c %F "$name") in
            directory) stat -c '%n %F %a %u:%g' "$name" ;;
            'symbolic link') stat -c '%N %u:%g' "$name" ;;
            *) stat -c '%n %F %a %u:%g %s %h' "$name" ;;
            esac
        done
        END

        """;

    private const string Inside = "0\n12:34 6755\n0:0 755\n5:6 600\n0\n";

    private static string IdsInside(string maps) => $$"""
        mkdir image
        printf 'FROM base\nRUN echo x >/owned && chown 5:6 /owned && chmod 600 /owned\n' >image/Dockerfile
        build image image
        podman run --rm {{maps}} image sh -c 'id -u; touch /x; chown 12:34 /x; chmod 6755 /x
            stat -c "%u:%g %a" /x /bin/busybox; echo more >>/owned; stat -c "%u:%g %a" /owned'
        daemons
        """;

    [Test]
    public void Build_SeveralLayersWithRemovalsLinksAndOwners_ImageIsWhatWasBuilt(
        [Values(Storage.Root, Storage.Rootless)] Storage storage) =>
        AssertAsKernel(storage, Base + Listing + """
            mkdir image
            cat >image/Dockerfile <<'END'
            FROM base
            RUN mkdir -p /d/e/deep /d/gone && echo one >/d/e/one && echo two >/d/gone/two && echo file >/f && ln /f /hard && ln -s d/e /s
            RUN chown 5:6 /f && chmod 4755 /f && chown -h 7:8 /s && mkfifo /d/fifo
            RUN rm -r /d/gone && rm -r /d/e && mkdir /d/e && echo new >/d/e/new
            RUN mv /d/e /moved && echo more >>/hard && chmod 2770 /moved
            RUN rm /d/fifo && mkdir /d/fifo
            END
            build image image
            podman run --rm --volume $PWD/list:/list:ro image sh /list
            podman run --rm image cat /f /moved/new
            daemons
            """,
            """
            bin/busybox regular file 755 0:0 1982256 1
            d directory 755 0:0
            d/fifo directory 755 0:0
            f regular file 4755 5:6 5 1
            hard regular file 644 0:0 10 1
            moved directory 2770 0:0
            moved/new regular file 644 0:0 4 1
            's' -> 'd/e' 7:8
            file
            new
            0

            """);

    /// <summary>The layer is read as soon as umount(2) has returned, and by then the copy must be in the upper.</summary>
    [Test]
    public void Build_LargeFileChangedAtTheVeryEnd_ChangeIsInTheImage() =>
        AssertAsKernel(Storage.Rootless, Base + """
            mkdir image
            printf 'FROM base\nRUN head -c 50000000 /dev/zero >/large\nRUN echo end >>/large\nRUN chmod 600 /large\n' >image/Dockerfile
            build image image
            podman run --rm image sh -c 'stat -c "%s %a" /large; tail -c 4 /large'
            daemons
            """,
            "50000004 600\nend\n0\n");

    [Test]
    public void Life_RunExecDiffCommitStop_IsAsOnTheKernel([Values(Storage.Root, Storage.Rootless)] Storage storage) =>
        AssertAsKernel(storage, Base + """
            podman run --detach --name thebox base sh -c 'echo one >/one; mkdir -p /d/e; echo ready; exec sleep 1000' >/dev/null
            for _ in $(seq 100); do podman logs thebox | grep -q ready && break; sleep 0.1; done
            podman exec thebox sh -c 'echo two >/d/e/two; rm /bin/wc; chmod 700 /bin/busybox; cat /one'
            podman exec thebox sh -c 'exit 7' || echo exit $?
            podman diff thebox | sort
            podman commit --quiet thebox committed >/dev/null
            podman stop --time 0 thebox >/dev/null
            podman rm thebox >/dev/null
            podman run --rm committed sh -c 'cat /one /d/e/two; ls -l /bin/busybox | cut -c1-10; ls /bin/wc 2>&1'  || true
            podman run --rm committed false || echo status $?
            daemons
            """,
            """
            one
            exit 7
            A /d
            A /d/e
            A /d/e/two
            A /one
            C /bin
            C /bin/busybox
            C /etc
            D /bin/wc
            one
            two
            -rwx------
            ls: /bin/wc: No such file or directory
            status 1
            0

            """);

    [Test]
    public void OverlayVolume_WrittenTo_IsThrownAway([Values(Storage.Root, Storage.Rootless)] Storage storage) =>
        AssertAsKernel(storage, Base + """
            mkdir -p volume/sub
            echo kept >volume/file
            echo kept >volume/sub/file
            podman run --rm --volume $PWD/volume:/v:O base sh -c 'cd /v; echo changed >file; rm -r sub; echo new >new; ls; cat file'
            (cd volume; find . | sort; cat file sub/file)
            daemons
            """,
            "file\nnew\nchanged\n.\n./file\n./sub\n./sub/file\nkept\nkept\n0\n");

    /// <summary>
    /// containers/storage gives us idmapped layers and a map of ids at once; fuse-overlayfs 1.10 shows all files as nobody's then.
    /// </summary>
    [Test]
    public void UserNamespace_OfRootWithMapsOfIds_FilesAreTheContainers() =>
        AssertAsKernel(Storage.Root, Base + IdsInside("--uidmap 0:100000:5000 --gidmap 0:100000:5000"), Inside);

    [Test]
    public void UserNamespace_OfAnOrdinaryUserWithMapsOfIds_FilesAreTheContainers() =>
        Assert.That(Run(Storage.Rootless, Base + IdsInside("--uidmap 0:0:1 --uidmap 1:5000:5000 --gidmap 0:0:1 --gidmap 1:5000:5000")),
            Is.EqualTo(Inside));

    [Test]
    public void KeepId_OfAnOrdinaryUser_IsThatUserInTheContainer()
    {
        string output = Run(Storage.Rootless, Base + """
            mkdir mine
            podman run --rm --userns keep-id --volume $PWD/mine:/mine base \
                sh -c 'id -u; touch /mine/made /tmp/made; stat -c %u:%g /mine/made /tmp/made /bin/busybox'
            stat -c %u:%g mine/made
            daemons
            """);
        Assert.That(output, Is.EqualTo("54321\n54321:54321\n54321:54321\n0:0\n54321:54321\n0\n"));
    }

    /// <summary>Layers that everybody may share: real owners and modes in user.containers.override_stat. Needs a mount_program.</summary>
    [Test]
    public void ForceMask_Shared_ModesOfTheImageInTheContainerAndTheMaskOnDisk([Values(Storage.Root, Storage.Rootless)] Storage storage)
    {
        string output = Run(storage, Base + """
            mkdir image
            printf 'FROM base\nRUN echo x >/secret && chmod 600 /secret && chown 5:6 /secret && mkdir /d && chmod 750 /d\n' \
                >image/Dockerfile
            build image image
            podman run --rm image \
                sh -c 'stat -c "%n %a %u:%g" /secret /d; cat /secret; echo y >>/secret; chmod 640 /secret; stat -c %a /secret'
            layers=$(podman info --format '{{.Store.GraphRoot}}')/overlay
            stat -c %a $layers/*/diff/secret
            getfattr --absolute-names --only-values -n user.containers.override_stat $layers/*/diff/secret | cut -d: -f1-3
            echo
            daemons
            """, "force_mask = \"shared\"");
        Assert.That(output, Is.EqualTo("/secret 600 5:6\n/d 750 0:0\nx\n640\n755\n5:6:0600\n\n0\n"));
    }

    [Test]
    public void Parallel_SixContainersOnOneImage_SeeTheirOwnChangesOnly([Values(Storage.Root, Storage.Rootless)] Storage storage) =>
        AssertAsKernel(storage, Base + """
            for i in 1 2 3 4 5 6; do
                podman run --name c$i base sh -c "echo $i >/mine; rm /bin/vi; for n in \$(seq 200); do echo \$n >/tmp/\$n; done
                    sleep 1; cat /mine; ls /tmp | wc -l" >out$i &
            done
            wait
            cat out1 out2 out3 out4 out5 out6
            podman rm --all >/dev/null
            podman run --rm base ls /bin/vi /tmp
            daemons
            """,
            "1\n200\n2\n200\n3\n200\n4\n200\n5\n200\n6\n200\n/bin/vi\n\n/tmp:\n0\n");

    [Test, Category("AppsLong")]
    public void Build_DebianWithAptGet_PackageWorks([Values(Storage.Root, Storage.Rootless)] Storage storage)
    {
        string debian = DebianRoot.Unpack(Sandbox);
        Bash.Run($"tar -C {debian} --exclude=./dev/* -cf {Sandbox.Root}/debian.tar .; chmod 644 {Sandbox.Root}/debian.tar; "
            + $"chmod 755 {Sandbox.Root}");
        string output = Run(storage, $$"""
            export TMPDIR=$PWD
            podman import --quiet {{Sandbox.Root}}/debian.tar debian >/dev/null
            mkdir image
            cat >image/Dockerfile <<'END'
            FROM debian
            RUN apt-get install -y --no-install-recommends --no-download bc less >/dev/null
            RUN apt-get remove -y --purge less >/dev/null && dpkg --audit
            END
            buildah build --quiet --isolation chroot --layers -t image image >/dev/null
            podman run --rm image \
                sh -c 'echo "6 * 7" | bc; dpkg --verify; dpkg-query -W -f "\${db:Status-Status}\n" bc
                    test ! -e /usr/bin/less && echo removed'
            """, timeoutSeconds: 1200);
        Assert.That(output, Is.EqualTo("42\ninstalled\nremoved\n"));
    }
}
