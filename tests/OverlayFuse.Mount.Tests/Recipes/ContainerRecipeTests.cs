using OverlayFuse.Mount.Tests.Containers;

namespace OverlayFuse.Mount.Tests.Recipes;

/// <summary>
/// What examples/ say of containers: `overlayfuse run` and a mount in a podman container of root, with and without the device and the right
/// to mount.
/// </summary>
[TestFixture]
internal sealed class ContainerRecipeTests : ContainerTest
{
    /// <summary>
    /// An image with the program; in the container's root directory are a tree, an upper and a work directory on a tmpfs.
    /// </summary>
    private static readonly string s_image = Base + $$"""
        mkdir image
        cp {{Harness.ProgramUnderTest.Path}} image/overlayfuse
        printf 'FROM base\nCOPY . /\nRUN mkdir /tree /view && echo old >/tree/file\n' >image/Dockerfile
        build image image
        inside() { podman run --rm --tmpfs /var/tmp "$@" 2>&1 || echo "exit $?"; }

        """;

    /// <summary>podman's seccomp filter lets everybody make user namespaces, so a view needs the device alone; Docker's does not.</summary>
    [Test]
    public void Container_WithDeviceAndRight_WorksElseSaysWhatIsMissing()
    {
        string[] parts = Run(Storage.Kernel, s_image + """
            inside --device /dev/fuse --cap-add SYS_ADMIN image /overlayfuse run --diff --lower /tree -- \
                sh -c 'echo new >/tree/file; cat /tree/file'
            echo =
            inside --device /dev/fuse --cap-add SYS_ADMIN image \
                sh -c '/overlayfuse -o lowerdir=/tree /view && cat /view/file && /overlayfuse unmount /view'
            echo =
            inside --device /dev/fuse image /overlayfuse run --lower /tree -- cat /tree/file
            echo =
            inside --device /dev/fuse image /overlayfuse -o lowerdir=/tree /view
            echo =
            inside --cap-add SYS_ADMIN image /overlayfuse run --lower /tree -- true
            """).Split("=\n");
        Assert.That(parts[..3], Is.EqualTo(new[] { "new\nM file\n", "old\n", "old\n" }));
        Assert.That(parts[3], Does.EndWith("install the package fuse3, or mount as root (in a container: --cap-add SYS_ADMIN)\nexit 1\n"));
        Assert.That(parts[4],
            Does.EndWith("/dev/fuse: ENOENT: the kernel has no FUSE here; "
                + "load it (modprobe fuse), or give the container the device (--device /dev/fuse)\nexit 125\n"));
    }
}
