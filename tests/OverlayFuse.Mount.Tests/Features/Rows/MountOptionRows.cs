namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Further mount options")]
internal static class MountOptionRows
{
    [Feature("`ro`: read-only although there is an upper")]
    public static void ReadOnly(Stage s)
    {
        s.Build("echo x > b/f");
        s.Mount("ro");
        s.Point("is $(cat m/f) x; says Read-only touch m/new; says Read-only chmod 600 m/f; is \"$(ls -A u)\" ''");
    }

    [Feature("`noexec`, `nodev`, `nosuid` have effect")]
    public static void Restrictions(Stage s)
    {
        s.Build("cp /bin/true b/true; mknod b/null c 1 3");
        s.Mount();
        s.Do("m/true; echo x > m/null");
        s.Remount("noexec,nodev,nosuid");
        s.Point("says denied m/true; says denied cat m/null; grep $PWD/m' ' /proc/self/mounts | grep nosuid | grep nodev | grep -q noexec");
    }

    [Feature("`mount -o remount,ro` and back")]
    public static void Remount(Stage s)
    {
        s.Mount();
        s.Do("echo x > m/f");
        s.Point("mount -o remount,ro m || mount -i -o remount,ro m; says Read-only touch m/new; is $(cat m/f) x; mount -o remount,rw m || "
            + "mount -i -o remount,rw m; touch m/new");
    }

    [Feature("`context=\"...\"` with commas in it, as containers send it")]
    public static void Context(Stage s)
    {
        s.Build("echo x > b/f");
        s.Mount("context=\"system_u:object_r:container_file_t:s0:c1,c2\"");
        s.Point("is $(cat m/f) x; echo y > m/g");
    }

    [Feature("`default_permissions`, `nooverride_creds`, `xino=auto` are taken")]
    public static void Taken(Stage s)
    {
        s.Build("echo x > b/f");
        s.Mount("default_permissions,nooverride_creds,xino=auto");
        s.Point("echo more >> m/f; is \"$(cat u/f)\" $'x\\nmore'");
    }

    [Feature("`override_creds` is taken")]
    public static void OverrideCreds(Stage s)
    {
        s.Build("echo x > b/f");
        s.Mount("override_creds");
        s.Point("echo more >> m/f; is \"$(cat u/f)\" $'x\\nmore'");
    }

    [Feature("`uuid=on`: the upper gets an UUID of its own; `uuid=null`: none")]
    public static void Uuid(Stage s)
    {
        s.Mount("uuid=on");
        s.Unmount();
        s.Point("is $(getfattr --only-values -n trusted.overlay.uuid u | wc -c) 16");
        s.Build("rm -rf u w; mkdir u w");
        s.Mount("uuid=null");
        s.Point("not getfattr -n trusted.overlay.uuid u");
    }

    [Feature("layers that are idmapped mounts show the mapped owners")]
    public static void IdMappedLayer(Stage s)
    {
        s.Build("mkdir plain; echo x > plain/f; chown 7:8 plain/f");
        IdMapping.Attach(s.PathOf("plain"), s.PathOf("b"), 100_000);
        s.Mount();
        s.Point("is $(stat -c %u:%g m/f) 100007:100008; chmod 600 m/f; is $(stat -c %u:%g u/f) 100007:100008");
    }

    [Feature("the mount itself can be idmapped", OnKernel = Answer.No)]
    public static void IdMapped(Stage s)
    {
        s.Build("mkdir n; echo x > b/f; chown 7:8 b/f");
        s.Mount();
        try
        {
            IdMapping.Attach(s.PathOf("m"), s.PathOf("n"), 100_000);
            s.Point("is $(stat -c %u:%g n/f) 100007:100008; setpriv --reuid 100007 --regid 100008 --clear-groups bash -c 'echo more >> "
                + "n/f'; is $(stat -c %u:%g u/f) 7:8");
        }
        finally
        {
            s.Try("umount n");
        }
    }
}
