using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Soak;

namespace OverlayFuse.Mount.Tests.Ids;

/// <summary>Layers of several owners, and the same script on a mount by our program and by fuse-overlayfs.</summary>
internal abstract class IdsTest : AppTest
{
    protected const string Peer = "fuse-overlayfs";

    protected const string MakeLayers = """
        mkdir -p lower/directory upper work merged
        for name in file of-1 of-2 of-65537 directory/file; do echo "of the lower: $name" > lower/$name; done
        ln -s file lower/symlink
        mknod lower/device c 1 3
        mkfifo lower/fifo
        chown 1000:1001 lower/file
        chown 1:1 lower/of-1
        chown 2:2 lower/of-2
        chown 65537:65537 lower/of-65537
        chown -h 5:6 lower/symlink
        chown 7:8 lower/device lower/directory
        chmod 4755 lower/file
        chmod 1777 lower/directory
        """;

    protected const string ShowOwners = "(cd merged; find . -mindepth 1 -printf '%P|%y|%m|%U:%G|%l\\n' | sort)";

    /// <summary>
    /// Runs a script in a directory with fresh layers, mounted with <paramref name="options"/> as "merged"; the program's environment may
    /// be set.
    /// </summary>
    protected string RunOn(string program, string options, string script, string environment = "")
    {
        string home = NewHome();
        Bash.Run(MakeLayers, home);
        return Again(program, options, script, home, environment);
    }

    /// <summary>The same on layers that are there.</summary>
    protected static string Again(string program, string options, string script, string home, string environment = "")
    {
        string mount = $"{environment} {program} -o lowerdir=lower,upperdir=upper,workdir=work,{options} {home}/merged >&2";
        string output = Bash.Run($"{mount}\ntrap 'cd {home}; umount merged' EXIT\n{script}", home);
        DaemonProcess.AssertEnded(DaemonProcess.Of(home + "/merged"), "umount");
        return output;
    }

    protected string NewHome() => Sandbox.MakeDirectory("home-" + Guid.NewGuid().ToString("N")[..8]);

    /// <summary>Fresh layers, and where they are.</summary>
    protected string Home(string layers = MakeLayers)
    {
        string home = NewHome();
        Bash.Run(layers, home);
        return home;
    }

    protected static string Ours => ProgramUnderTest.Path;
}
