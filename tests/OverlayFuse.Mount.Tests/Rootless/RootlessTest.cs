using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Soak;

namespace OverlayFuse.Mount.Tests.Rootless;

/// <summary>
/// Layers that belong to an ordinary user, and one scenario over them that reads, copies up, whites out and makes directories opaque.
/// What it must give is what the kernel's overlayfs gives the same user on a copy of the layers, in a user namespace with userxattr.
/// </summary>
internal abstract class RootlessTest : AppTest
{
    protected const string MakeLayers = """
        mkdir -p top bottom/directory bottom/below bottom/opaque top/below top/opaque upper work merged
        for name in kept appended truncated removed renamed linked mode \
            replaced directory/1 directory/2 below/1 below/2 opaque/hidden whited-out; do
            echo "of the bottom: $name" > bottom/$name
        done
        echo 'of the top' | tee top/below/2 top/opaque/shown top/only-top >/dev/null
        mknod top/whited-out c 0 0
        setfattr -n user.overlay.opaque -v y top/opaque
        chmod 750 bottom/directory
        ln -s kept bottom/symlink
        setfattr -n user.colour -v blue bottom/appended
        touch -d 2002-02-02 bottom/* top/*
        """;

    /// <summary>Changes of each kind. Everything it leaves has content and mode that do not depend on who mounts.</summary>
    protected const string Scenario = """
        cd merged
        test "$(cat kept)" = 'of the bottom: kept'
        test ! -e whited-out
        test "$(ls opaque)" = shown
        echo more >> appended
        echo less > truncated
        chmod 640 mode
        ln linked other-link
        rm removed
        mv renamed new-name
        echo new > temporary
        mv temporary replaced
        rm -r directory
        mkdir directory
        echo new > directory/3
        rm below/1 only-top
        mkdir whited-out
        echo in > whited-out/file
        mkfifo fifo
        ln -s nowhere new-symlink
        setfattr -n user.colour -v green mode
        mv symlink moved-symlink
        """;

    /// <summary>What the user sees: the merged tree with its extended attributes.</summary>
    protected const string ShowMerged = """
        (cd merged
         find . -type d -printf '%P|%y|%m|%U:%G\n' -o ! -type d -printf '%P|%y|%m|%U:%G|%s|%n|%l\n' | sort
         find . -type f | sort | xargs sha256sum
         find . ! -type l ! -type p | sort | xargs getfattr -d -m '^user\.[^o]')
        """;

    /// <summary>What is on the disk: types, whiteouts as devices 0:0, and which directories are opaque.</summary>
    protected const string ShowUpper = """
        (cd upper
         find . | sort | xargs stat -c '%n|%F|%t:%T'
         find . -type d | sort | xargs getfattr --absolute-names -n user.overlay.opaque 2>/dev/null || true)
        """;

    protected const string Options = "lowerdir=top:bottom,upperdir=upper,workdir=work,userxattr";

    protected OrdinaryUser User { get; private set; } = null!;

    /// <summary>The program, where the user can reach it whatever the permissions of the repository's directories.</summary>
    protected string Program { get; private set; } = "";

    protected string Home { get; private set; } = "";

    [SetUp]
    public void MakeUser()
    {
        User = OrdinaryUser.Create();
        Program = Sandbox.PathOf("overlayfuse");
        Bash.Run($"install -m 755 {ProgramUnderTest.Path} {Program}");
        Home = MakeHome("home");
        User.Run(MakeLayers, Home);
    }

    [TearDown]
    public void RemoveUser()
    {
        foreach (int pid in DaemonProcess.Of(Home + "/merged")) _ = Syscall.kill(pid, Signum.SIGKILL);
        User.Dispose();
    }

    protected string MakeHome(string name)
    {
        string directory = Sandbox.MakeDirectory(name);
        Bash.Run($"chown {User.Name}:{User.Name} {directory}");
        return directory;
    }

    /// <summary>The scenario on the kernel's overlayfs, by the same user in a namespace of <paramref name="unshare"/>'s making.</summary>
    protected (string Merged, string Upper) ExpectedByTheKernel(string unshare)
    {
        string home = MakeHome("kernel-home");
        User.Run(MakeLayers, home);
        string output = User.Run($"""
            {unshare} bash -euo pipefail <<'END-OF-INNER'
            mount -t overlay overlay -o {Options},index=off,redirect_dir=nofollow merged
            ({Scenario})
            {ShowMerged}
            echo ---upper
            umount merged
            {ShowUpper}
            END-OF-INNER
            """, home);
        return Split(output);
    }

    protected static (string Merged, string Upper) Split(string output)
    {
        string[] parts = output.Split("---upper\n");
        return (parts[0], parts[1]);
    }
}
