using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Rootless;

namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Users and processes")]
internal static class UserRows
{
    private const string Changes = "is $(cat m/f) x; echo more >> m/f; rm -r m/d; mkdir m/d; is \"$(ls -A m/d)\" ''; "
        + "is \"$(cat m/f)\" $'x\\nmore'";

    [Feature("an ordinary user mounts it, without namespaces", OnKernel = Answer.No)]
    public static void OrdinaryUser(Stage s) => AsUser(s, command => $"""
        {command}
        {Changes}
        fusermount3 -u m || fusermount -u m
        """);

    [Feature("root of a user namespace mounts it (`userxattr`)")]
    public static void UserNamespace(Stage s) => AsUser(s, command => $"""
        unshare -Urmpf --kill-child bash -euo pipefail <<'END-OF-INNER'
        is() [[ "$1" == "$2" ]]
        {command}
        {Changes}
        umount m
        END-OF-INNER
        """, s.Program == OverlayProgram.Peers[1] ? "" : "userxattr");

    [Feature("a mount by root can be used by all users")]
    public static void OtherUsers(Stage s)
    {
        s.Build("echo x > b/f; chmod 777 b");
        s.Mount();
        s.Point("is $(setpriv --reuid 7 --clear-groups cat m/f) x");
    }

    [Feature("no process stays behind: not after umount, not after SIGTERM, which unmounts")]
    public static void Ends(Stage s)
    {
        if (s.IsKernel) Stage.NotApplicable("there is no process");
        s.Mount();
        s.Unmount();
        s.Point("ended with the mount", true);
        s.Mount();
        s.SignalDaemons(Signum.SIGTERM);
        s.Point("unmounted", SpinWait.SpinUntil(() => !MountTable.IsMountpoint(s.PathOf("m")), 10_000));
    }

    private static void AsUser(Stage s, Func<string, string> script, string extra = "")
    {
        using OrdinaryUser user = Rootless.OrdinaryUser.Create();
        s.Build($"mkdir -p b/d; echo x > b/f; echo x > b/d/g; chown -R {user.Name}: .; install -m 755 {ProgramUnderTest.Path} overlayfuse");
        string command = s.Program.MountCommand(Stage.Plan(extra)).Replace(ProgramUnderTest.Path, "./overlayfuse", StringComparison.Ordinal)
            .Replace("noatime,dev,suid,", "", StringComparison.Ordinal)
            .Replace("use_ino,allow_other,default_permissions,suid,dev,noatime", "use_ino,default_permissions", StringComparison.Ordinal);
        ToolResult result = user.Try("is() [[ \"$1\" == \"$2\" ]]\n" + script(command), s.Root);
        s.Point($"as a user: exit {result.ExitCode} {result.Error}", result.ExitCode == 0);
    }
}
