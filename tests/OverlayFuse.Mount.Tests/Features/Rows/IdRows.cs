namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Options of fuse-overlayfs")]
internal static class IdRows
{
    private const string MakeOwners = "echo x > b/f; chown 0:0 b/f; echo x > b/g; chown 7:8 b/g; mkdir b/d; chmod 777 b/d";

    [Feature("`uidmapping=`", OnKernel = Answer.No)]
    public static void UidMapping(Stage s)
    {
        s.Build(MakeOwners);
        s.Mount("uidmapping=0:100000:65536");
        s.Point("is $(stat -c %u m/f):$(stat -c %u m/g) 100000:100007");
        s.Point("setpriv --reuid 100009 --clear-groups touch m/d/new; is $(stat -c %u u/d/new):$(stat -c %u m/d/new) 9:100009; "
            + "chown 100003 m/g; is $(stat -c %u u/g) 3");
    }

    [Feature("`gidmapping=`", OnKernel = Answer.No)]
    public static void GidMapping(Stage s)
    {
        s.Build(MakeOwners);
        s.Mount("gidmapping=0:100000:65536");
        s.Point("is $(stat -c %g m/f):$(stat -c %g m/g) 100000:100008");
        s.Point("setpriv --regid 100009 --clear-groups touch m/d/new; is $(stat -c %g u/d/new):$(stat -c %g m/d/new) 9:100009; "
            + "chgrp 100003 m/g; is $(stat -c %g u/g) 3");
    }

    [Feature("`squash_to_root`", OnKernel = Answer.No)]
    public static void SquashToRoot(Stage s)
    {
        s.Build(MakeOwners);
        s.Mount("squash_to_root");
        s.Point("is $(stat -c %u:%g m/g) 0:0; is $(stat -c %u:%g b/g) 7:8");
    }

    [Feature("`squash_to_uid=`, `squash_to_gid=`", OnKernel = Answer.No)]
    public static void SquashToIds(Stage s)
    {
        s.Build(MakeOwners);
        s.Mount("squash_to_uid=11,squash_to_gid=12");
        s.Point("is $(stat -c %u:%g m/f) 11:12; is $(stat -c %u:%g m/g) 11:12");
    }

    [Feature("`static_nlink`", OnKernel = Answer.No)]
    public static void StaticLinks(Stage s)
    {
        s.Build("mkdir -p b/d/1 b/d/2 u/e/1 u/e/2");
        s.Mount("static_nlink");
        s.Point("is $(stat -c %h m/d):$(stat -c %h m/e) 1:1");
    }

    [Feature("`noacl`", OnKernel = Answer.No)]
    public static void NoAcl(Stage s)
    {
        s.Build("echo x > b/f; chmod 600 b/f; setfacl -m u:7:r b/f; chmod 600 b/f; setfacl -m m::r b/f; chmod 755 b");
        s.Mount();
        s.Do("setpriv --reuid 7 --regid 7 --clear-groups cat m/f");
        s.Remount("noacl");
        s.Point("says denied setpriv --reuid 7 --regid 7 --clear-groups cat m/f");
    }

    [Feature("`noxattrs=1`", OnKernel = Answer.No)]
    public static void NoXattrs(Stage s)
    {
        s.Build("echo x > b/f; setfattr -n user.k -v v b/f");
        s.Mount("noxattrs=1");
        s.Point("is \"$(getfattr -m - m/f 2>/dev/null)\" ''; not setfattr -n user.n -v v m/f; echo more >> m/f; "
            + "is \"$(cat m/f)\" $'x\\nmore'");
    }

    [Feature("`xattr_permissions=2`: owners, modes and devices in `user.containers.override_stat`", OnKernel = Answer.No)]
    public static void Permissions2(Stage s) => PointOverride(s, "xattr_permissions=2", "user.containers.override_stat");

    [Feature("`xattr_permissions=1`: in `security.fuseoverlayfs.override_stat`", OnKernel = Answer.No)]
    public static void Permissions1(Stage s) => PointOverride(s, "xattr_permissions=1", "security.fuseoverlayfs.override_stat");

    [Feature("layers that have `user.containers.override_stat` are read so", OnKernel = Answer.No)]
    public static void ReadOverride(Stage s)
    {
        s.Build("echo x > b/f; chmod 755 b/f; setfattr -n user.containers.override_stat -v 7:8:4711:file b/f; "
            + "setfattr -n user.containers.override_stat -v 0:0:0755:dir b");
        s.Mount("xattr_permissions=2");
        s.Point("is $(stat -c %u:%g:%a m/f) 7:8:4711");
    }

    [Feature("`timeout=0`: what is changed in the layers shows at once", OnKernel = Answer.No)]
    public static void Timeout(Stage s)
    {
        s.Build("echo x > b/f; mkdir b/d");
        s.Mount("timeout=0");
        s.Do("is $(cat m/f) x; is \"$(ls m/d)\" ''; [ ! -e m/d/new ]");
        s.Build("echo changed > b/f; echo y > b/d/new");
        s.Point("is $(cat m/f) changed; is $(ls m/d) new; is $(cat m/d/new) y");
    }

    [Feature("`threaded=`, `fast_ino=`, `writeback=` are taken", OnKernel = Answer.No)]
    public static void Taken(Stage s)
    {
        s.Build("echo x > b/f");
        s.Mount("threaded=1,fast_ino=1,writeback=1");
        s.Point("echo more >> m/f; is \"$(cat m/f)\" $'x\\nmore'");
    }

    [Feature("`FUSE_OVERLAYFS_DISABLE_OVL_WHITEOUT=1`: deletions are marked `.wh.NAME`", OnKernel = Answer.No)]
    public static void AufsUpper(Stage s)
    {
        s.Build("echo x > b/f; mkdir b/d; echo x > b/d/g");
        s.Mount(Stage.Plan() with { Environment = "FUSE_OVERLAYFS_DISABLE_OVL_WHITEOUT=1" });
        s.Do("rm -r m/f m/d; mkdir m/d; is \"$(ls -A m/d)\" ''; [ ! -e m/f ]; [ -f u/.wh.f ]");
        s.Point("[ -f u/d/.wh..wh..opq ]");
        s.Remount();
        s.Point("is \"$(ls -A m)\" d; is \"$(ls -A m/d)\" ''");
    }

    private static void PointOverride(Stage s, string option, string xattr)
    {
        s.Build("echo x > b/f; mkdir b/d");
        s.Mount(option);
        s.Do("chown 7:8 m/f; is $(stat -c %u:%g:%a m/f) 7:8:644");
        s.Point($"[[ $(getfattr --only-values -n {xattr} u/f) == 7:8:* ]]; is $(stat -c %u:%g u/f) 0:0");
        s.Remount();
        s.Point("is $(stat -c %u:%g:%a m/f) 7:8:644");
        s.Point($"chmod 4711 m/f; is $(stat -c %u:%g:%a m/f) 7:8:4711; is \"$(getfattr --only-values -n {xattr} u/f)\" 7:8:4711:file");
        s.Point("mknod m/c c 1 3; is \"$(stat -c '%F %t:%T' m/c)\" 'character special file 1:3'");
    }
}
