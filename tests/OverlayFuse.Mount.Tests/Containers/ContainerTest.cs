using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Containers;

/// <summary>What keeps the layers of images and containers.</summary>
internal enum Storage
{
    /// <summary>The kernel's overlayfs, as root: the oracle.</summary>
    Kernel,

    /// <summary>Our program as mount_program, as root.</summary>
    Root,

    /// <summary>Our program as mount_program of an ordinary user.</summary>
    Rootless,
}

/// <summary>
/// podman and buildah in namespaces of their own (container-host.sh). Images are made here, from busybox or a Debian root: no registry is
/// asked.
/// </summary>
[Category("Containers")]
internal abstract class ContainerTest : AppTest
{
    /// <summary>An image `base` with busybox in it, and what every script may use.</summary>
    protected const string Base = """
        export TMPDIR=$PWD
        mkdir base
        cp /bin/busybox base/
        printf '%s\n' 'FROM scratch' 'COPY busybox /bin/busybox' 'RUN ["/bin/busybox", "--install", "-s", "/bin"]' \
            'RUN mkdir /tmp && chmod 1777 /tmp' >base/Dockerfile
        build() { buildah build --quiet --isolation chroot --layers -t "$1" "$2" >/dev/null; }
        build base base
        # Daemons end after their mounts: what is left after a while is left for good.
        daemons() { for _ in $(seq 100); do pgrep -x overlayfuse >/dev/null || break; sleep 0.1; done; pgrep -cx overlayfuse || true; }

        """;

    private const string Namespaces = "unshare --mount --pid --fork --kill-child --mount-proc --propagation private";

    /// <summary>Runs a script; returns what it printed.</summary>
    protected string Run(Storage storage, string script, string options = "", int timeoutSeconds = Bash.DefaultTimeoutSeconds)
    {
        string directory = Sandbox.MakeDirectory(storage.ToString());
        File.WriteAllText(Path.Combine(directory, "script"), script);
        string program = storage == Storage.Kernel ? "kernel" : ProgramUnderTest.Path;
        string host = Path.Combine(ProgramUnderTest.Repository, "tests", "OverlayFuse.Mount.Tests", "Containers", "container-host.sh");
        return Bash.Run(
            $"OVERLAY_OPTIONS='{options}' "
                + $"exec {Namespaces} {host} {directory} {(storage == Storage.Rootless ? "user" : "root")} {program} "
                + $"\"$(cat {directory}/script)\"",
            directory, timeoutSeconds);
    }

    /// <summary>The same script on the kernel's overlayfs must print the same, and what the test says.</summary>
    protected void AssertAsKernel(Storage storage, string script, string expected)
    {
        string ours = Run(storage, script);
        string kernel = Run(Storage.Kernel, script);
        Assert.Multiple(() =>
        {
            Assert.That(kernel, Is.EqualTo(expected), "the kernel's overlayfs");
            Assert.That(ours, Is.EqualTo(expected), "overlayfuse");
        });
    }
}
