using OverlayFuse.Mount.Tests.Containers;

namespace OverlayFuse.Mount.Tests.Documentation;

/// <summary>The lines of docs/containers.md, run by an ordinary user: storage.conf in the user's home, podman, and buildah.</summary>
[TestFixture]
internal sealed class ContainerPageTests : ContainerTest
{
    private const string Section = "podman, buildah and CRI-O";
    private const int StorageConf = 0, Podman = 1, Buildah = 2;

    /// <summary>podman's own defaults, except for the network: its device belongs to root on the machine of the tests.</summary>
    private static readonly string s_home = $"""
        unset CONTAINERS_STORAGE_CONF
        mkdir -p ~/.config/containers
        sed "s|/usr/local/bin/|$(dirname ~)/etc/|" >~/.config/containers/storage.conf <<'END'
        {Page.Containers.Block(Section, StorageConf)}
        END
        printf '[containers]\nnetns = "none"\n' >~/.config/containers/containers.conf
        export CONTAINERS_CONF=$HOME/.config/containers/containers.conf
        {Base}
        mkdir image
        printf 'FROM base\nRUN mkdir -p /etc && echo hello >/etc/motd\n' >image/Dockerfile
        build image image

        """;

    [Test]
    public void Podman_OfAnOrdinaryUser_RunsAndCommits() =>
        AssertChanged(Page.Containers.Block(Section, Podman), "podman run --rm changed");

    [Test]
    public void Buildah_OfAnOrdinaryUser_RunsAndCommits() =>
        AssertChanged(Page.Containers.Block(Section, Buildah), "buildah run --isolation chroot $(buildah from changed) --");

    private void AssertChanged(string block, string enter)
    {
        string lines = block.Replace("IMAGE", "image", StringComparison.Ordinal);
        const string look = "sh -c 'cat /etc/made; test ! -e /etc/motd && echo no motd'";
        string output = Run(Storage.Rootless, $"{s_home}({lines}) | grep fuse\n{enter} {look}");
        Assert.That(output, Does.StartWith("overlayfuse / fuse.overlayfuse ").And.EndWith("\nnew\nno motd\n"));
    }
}
