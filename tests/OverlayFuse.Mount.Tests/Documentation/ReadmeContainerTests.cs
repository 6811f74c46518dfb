using OverlayFuse.Mount.Tests.Containers;

namespace OverlayFuse.Mount.Tests.Documentation;

/// <summary>README.md's lines for containers, by an ordinary user: its storage.conf in his home, podman, and buildah.</summary>
[TestFixture]
internal sealed class ReadmeContainerTests : ContainerTest
{
    private const string Section = "Containers";
    private const int StorageConf = 0, Podman = 1, Buildah = 2;

    /// <summary>podman's own defaults, but for the network: its device is root's alone on the machine of the tests.</summary>
    private static readonly string s_home = $"""
        unset CONTAINERS_STORAGE_CONF
        mkdir -p ~/.config/containers
        sed "s|/usr/local/bin/|$(dirname ~)/etc/|" >~/.config/containers/storage.conf <<'END'
        {Readme.Block(Section, StorageConf)}
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
        AssertChanged(Readme.Block(Section, Podman), "podman run --rm changed");

    [Test]
    public void Buildah_OfAnOrdinaryUser_RunsAndCommits() =>
        AssertChanged(Readme.Block(Section, Buildah), "buildah run --isolation chroot $(buildah from changed) --");

    private void AssertChanged(string block, string enter)
    {
        string lines = block.Replace("IMAGE", "image", StringComparison.Ordinal);
        string output = Run(Storage.Rootless,
            $"{s_home}({lines}) | grep fuse\n{enter} sh -c 'cat /etc/made; test ! -e /etc/motd && echo no motd'");
        Assert.That(output, Does.StartWith("overlayfuse / fuse.overlayfuse ").And.EndWith("\nnew\nno motd\n"));
    }
}
