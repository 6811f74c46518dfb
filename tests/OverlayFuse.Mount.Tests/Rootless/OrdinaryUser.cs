using System.Globalization;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Rootless;

/// <summary>
/// A throw-away user with a range of subordinate ids, who may open /dev/fuse. Dispose removes the user and gives the device its mode back.
/// </summary>
internal sealed class OrdinaryUser : IDisposable
{
    private const string FuseDevice = "/dev/fuse";
    private static int created;
    private readonly FilePermissions deviceMode;

    private OrdinaryUser(string name)
    {
        Name = name;
        Tool.Check(Syscall.stat(FuseDevice, out Stat device), "stat " + FuseDevice);
        deviceMode = device.st_mode & FilePermissions.ALLPERMS;
        Bash.Run($"useradd --no-create-home --shell /bin/bash --home-dir /nonexistent {name}");
        Bash.Run($"chmod 666 {FuseDevice}\ngrep -q ^{name}: /etc/subuid || "
            + $"usermod --add-subuids 7000000-7065535 --add-subgids 7000000-7065535 {name}");
        Id = int.Parse(Bash.Run($"id -u {name}"), CultureInfo.InvariantCulture);
        FirstSubordinateId = int.Parse(Bash.Run($"grep ^{name}: /etc/subuid").Split(':')[1], CultureInfo.InvariantCulture);
    }

    public string Name { get; }

    public int Id { get; }

    public int FirstSubordinateId { get; }

    public static OrdinaryUser Create() => new($"ovf{Environment.ProcessId}-{++created}");

    /// <summary>Runs a script as this user, with nothing of root's environment, groups and capabilities.</summary>
    public ToolResult Try(string script, string directory) => Bash.Try($"""
        exec setpriv --reuid {Name} --regid {Name} --init-groups --inh-caps=-all \
            env -i PATH="$PATH" HOME=/nonexistent USER={Name} LC_ALL=C bash -euo pipefail <<'END-OF-USERS-SCRIPT'
        {script}
        END-OF-USERS-SCRIPT
        """, directory);

    public string Run(string script, string directory)
    {
        ToolResult result = Try(script, directory);
        return result.ExitCode == 0 ? result.Output
            : throw new InvalidOperationException($"as {Name}: exit {result.ExitCode}: {script}\n{result.Output}{result.Error}");
    }

    public void Dispose()
    {
        Bash.Try($"userdel --force {Name}");
        _ = Syscall.chmod(FuseDevice, deviceMode);
    }
}
