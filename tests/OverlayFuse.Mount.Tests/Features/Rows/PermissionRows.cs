namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Owners and permissions")]
internal static class PermissionRows
{
    private const string As7 = "setpriv --reuid 7 --regid 7 --clear-groups";

    [Feature("permissions of the merged tree are enforced for every user")]
    public static void Enforced(Stage s)
    {
        s.Build("echo x > b/f; chmod 600 b/f; mkdir b/d; chmod 700 b/d; echo x > b/d/f; echo x > b/mine; chown 7:7 b/mine");
        s.Mount();
        s.Point($"says denied {As7} cat m/f; says denied {As7} ls m/d; says denied {As7} touch m/new; says denied {As7} rm m/mine");
        s.Point($"{As7} bash -c 'echo more >> m/mine'; is $(stat -c %u:%g u/mine) 7:7");
    }

    [Feature("new files belong to who makes them; where a directory is set-gid, to its group, also over a whiteout")]
    public static void NewFiles(Stage s)
    {
        s.Build("mkdir b/d b/g; chmod 777 b/d; chgrp 9 b/g; chmod 2777 b/g; echo x > b/g/old");
        s.Mount();
        s.Point($"{As7} touch m/d/f; is $(stat -c %u:%g m/d/f) 7:7");
        s.Point($"rm m/g/old; {As7} touch m/g/old; {As7} mkdir m/g/sub; is $(stat -c %u:%g m/g/old) 7:9; "
            + $"is \"$(stat -c '%u:%g %a' m/g/sub)\" '7:9 2755'");
    }

    [Feature("writing clears set-uid, set-gid and file capabilities")]
    public static void ClearedByWrite(Stage s)
    {
        s.Build("echo x > b/f; chown 7:7 b/f; chmod 6777 b/f; cp /bin/true b/g; setcap cap_net_raw+ep b/g; chmod 777 b/g");
        s.Mount();
        s.Do("chmod 6777 m/f");
        s.Point("setpriv --reuid 8 --regid 8 --clear-groups bash -c 'echo more >> m/f'; is $(stat -c %a m/f) 777");
        s.Point("setpriv --reuid 8 --regid 8 --clear-groups bash -c 'echo more >> m/g'; is \"$(getcap m/g)\" ''");
    }

    [Feature("so does truncating, also by opening with O_TRUNC")]
    public static void ClearedByTruncate(Stage s)
    {
        s.Build("for n in f g; do echo x > b/$n; chown 7:7 b/$n; chmod 6777 b/$n; done");
        s.Mount();
        s.Point("setpriv --reuid 8 --regid 8 --clear-groups truncate -s 1 m/f; is $(stat -c %a m/f) 777");
        s.Point("setpriv --reuid 8 --regid 8 --clear-groups bash -c ': > m/g'; is $(stat -c %a m/g) 777");
    }

    [Feature("so does chown(2)")]
    public static void ClearedByChown(Stage s)
    {
        s.Build("echo x > b/f; chown 7:7 b/f; chmod 6755 b/f");
        s.Mount();
        s.Point("is $(stat -c %a m/f) 6755; chown 8:8 m/f; is $(stat -c %a:%u m/f) 755:8");
    }

    [Feature("programs run from it: set-uid and file capabilities have effect (`suid`), or none (`nosuid`)")]
    public static void SetUid(Stage s)
    {
        s.Build("cp /usr/bin/id b/id; chown 9 b/id; chmod 4755 b/id");
        s.Mount();
        s.Point($"is $({As7} m/id -u) 9");
        s.Remount("nosuid");
        s.Point($"is $({As7} m/id -u) 7");
    }

    [Feature("mode bits exactly as set, of all types and on unwritable files")]
    public static void Modes(Stage s)
    {
        s.Build("for mode in 0 400 555 1777 2750 4711; do echo x > b/f$mode; mkdir b/d$mode; chmod $mode b/f$mode b/d$mode; done");
        s.Mount();
        s.Do("chown 7 m/*");
        s.Point("for mode in 0 400 555 1777 2750; do is $(stat -c %a m/d$mode):$(stat -c %a u/d$mode) $mode:$mode; done; "
            + "is $(stat -c %a:%u u/f555) 555:7; is $(stat -c %a m/f4711) 711");
    }
}
