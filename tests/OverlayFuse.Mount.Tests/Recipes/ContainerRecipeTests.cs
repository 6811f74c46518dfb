using OverlayFuse.Mount.Tests.Containers;

namespace OverlayFuse.Mount.Tests.Recipes;

/// <summary>What examples/ say of containers: `overlayfuse run` and a mount in a podman container of root, with and without the device and the right to mount.</summary>
[TestFixture]
internal sealed class ContainerRecipeTests : ContainerTest
{
    /// <summary>An image with the program and its libraries; in the container's root directory are a tree, an upper and a work directory on a tmpfs.</summary>
    private static readonly string s_image = Base + $$"""
        mkdir image
        cp {{Harness.ProgramUnderTest.Path}} image/overlayfuse
        (cd image; cp --parents $(ldd overlayfuse | grep -o '/[^ ]*') .; printf 'FROM base\nCOPY . /\nRUN mkdir /tree /view && echo old >/tree/file\n' >Dockerfile)
        build image image
        inside() { podman run --rm --tmpfs /var/tmp "$@" 2>&1 || echo "exit $?"; }

        """;

    [Test]
    public void Container_WithTheDeviceAndTheRight_HasViewsAndMounts() =>
        Assert.That(Run(Storage.Kernel, s_image + """
            may='--device /dev/fuse --cap-add SYS_ADMIN'
            inside $may image /overlayfuse run --diff --lower /tree -- sh -c 'echo new >/tree/file; cat /tree/file'
            inside $may image sh -c 'mkdir /var/tmp/u /var/tmp/w; /overlayfuse -o lowerdir=/tree,upperdir=/var/tmp/u,workdir=/var/tmp/w /view && cat /view/file && /overlayfuse unmount /view'
            """), Is.EqualTo("new\nM file\nold\n"));

    /// <summary>podman's seccomp filter lets everybody make user namespaces, so a view needs the device alone; Docker's does not.</summary>
    [TestCase("--cap-add SYS_ADMIN", "/overlayfuse run --lower /tree -- true", "/dev/fuse: ENOENT: the kernel has no FUSE here; load it (modprobe fuse), or give the container the device (--device /dev/fuse)\nexit 125\n")]
    [TestCase("--device /dev/fuse", "/overlayfuse run --lower /tree -- cat /tree/file", "old\n")]
    [TestCase("--device /dev/fuse", "/overlayfuse -o lowerdir=/tree /view", "install the package fuse3, or mount as root (in a container: --cap-add SYS_ADMIN)\nexit 1\n")]
    public void Container_WithOneOfThem_IsToldWhatIsMissing(string options, string command, string end) =>
        Assert.That(Run(Storage.Kernel, s_image + $"inside {options} image {command}"), Does.EndWith(end));
}
