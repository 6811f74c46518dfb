using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>How the layers of a cut root write removals.</summary>
internal enum RemovalForm
{
    Overlay,
    Aufs,
}

/// <summary>
/// A minimal Debian made by debootstrap from the configured mirror, with a few packages downloaded into its apt cache but not installed.
/// Made once and kept as a tarball: in /var/cache/overlayfuse-tests, or where OVERLAYFUSE_TEST_CACHE says.
/// </summary>
internal static class DebianRoot
{
    /// <summary>What the small test installs: man-db has triggers, bc and less bring libraries and alternatives with them.</summary>
    public const string CachedPackages = "man-db bc less";

    private const string Suite = "bookworm";

    /// <summary>
    /// Stands before what runs in a chroot: a private mount namespace, so that /proc and /dev vanish with the script, and no service
    /// starts.
    /// </summary>
    private const string EnterNamespace = "unshare --mount --pid --fork --kill-child --propagation private bash -euo pipefail -c";

    public static string CacheDirectory { get; } =
        Directory.CreateDirectory(Environment.GetEnvironmentVariable("OVERLAYFUSE_TEST_CACHE") ?? "/var/cache/overlayfuse-tests").FullName;

    /// <summary>Unpacks the root into a directory of the sandbox, on the bare disk.</summary>
    public static string Unpack(Sandbox sandbox)
    {
        string root = sandbox.MakeDirectory("debian");
        Bash.Run($"tar --xattrs --xattrs-include='*' -C {root} -xpf {Tarball()}");
        return root;
    }

    /// <summary>Cuts the root into seven layers, topmost first, whose merged view is the root again.</summary>
    public static string[] Cut(Sandbox sandbox, string root, RemovalForm form)
    {
        string layers = sandbox.MakeDirectory("layers");
        Bash.Run($"{Bash.ScriptBesideTests("cut-layers.sh")} {root} {layers} {(form == RemovalForm.Aufs ? "aufs" : "overlay")}");
        return [.. Enumerable.Range(1, 7).Select(number => Path.Combine(layers, $"{number}"))];
    }

    /// <summary>Runs a script as root inside the root.</summary>
    public static string Chroot(string root, string script, int timeoutSeconds = Bash.DefaultTimeoutSeconds)
    {
        const string Prepare = "mount -t proc proc proc; mount --bind /dev dev; mount -t tmpfs tmpfs run";
        const string Environment = "env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive";
        return Bash.Run($"{EnterNamespace} '{Prepare}; exec {Environment} chroot . bash -euo pipefail' <<'END'\n{script}\nEND", root,
            timeoutSeconds);
    }

    private static string Tarball()
    {
        string tarball = Path.Combine(CacheDirectory, $"debian-{Suite}.tar");
        if (!File.Exists(tarball)) Make(tarball);
        return tarball;
    }

    private static void Make(string tarball)
    {
        using Sandbox sandbox = Sandbox.OnDisk();
        string root = sandbox.MakeDirectory("root");
        Bash.Run($"debootstrap --variant=minbase {Suite} {root}", timeoutSeconds: 900);
        Bash.Run("""
            rm -f var/cache/apt/archives/*.deb
            cp -L /etc/resolv.conf etc/resolv.conf
            printf '#!/bin/sh\nexit 101\n' > usr/sbin/policy-rc.d
            chmod 755 usr/sbin/policy-rc.d
            """, root);
        Chroot(root, $"apt-get update\napt-get install -y --no-install-recommends --download-only {CachedPackages}", timeoutSeconds: 900);
        Bash.Run($"tar --xattrs --xattrs-include='*' -C {root} -cpf {tarball}.part .\nmv {tarball}.part {tarball}");
    }
}
