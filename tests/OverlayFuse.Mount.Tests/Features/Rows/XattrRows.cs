namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Extended attributes")]
internal static class XattrRows
{
    [Feature("`user.*`, `trusted.*` and `security.*` are read, set, listed and removed")]
    public static void All(Stage s)
    {
        s.Build("echo x > b/f; setfattr -n user.low -v 1 b/f");
        s.Mount();
        s.Point("setfattr -n user.k -v v m/f; setfattr -n trusted.k -v v m/f; is \"$(getfattr -m '^(user|trusted)' m/f | tail -n +2 | "
            + "xargs)\" 'trusted.k user.k user.low'");
        s.Point("setfattr -x user.low m/f; says 'No such attribute' getfattr -n user.low m/f; "
            + "is $(getfattr --only-values -n user.low b/f) 1");
        s.Point("cp /bin/true m/p; setcap cap_net_raw+ep m/p; is \"$(getcap m/p | cut -d' ' -f2)\" cap_net_raw=ep");
    }

    [Feature("the overlay's own attributes are not shown, and cannot be read")]
    public static void Private(Stage s)
    {
        s.Build("mkdir a/d b/d; setfattr -n trusted.overlay.opaque -v y a/d; setfattr -n trusted.k -v v a/d; echo x > b/f");
        s.Mount();
        s.Do("echo more >> m/f; is $(getfattr --only-values -n trusted.k m/d) v");
        s.Point("is \"$(getfattr -m - m/d m/f m 2>&1 | grep overlay || true)\" ''; "
            + "says 'No such attribute' getfattr -n trusted.overlay.opaque m/d");
    }

    [Feature("such attributes that a user sets are kept escaped (`trusted.overlay.overlay.*`), so overlays nest")]
    public static void Escaped(Stage s)
    {
        s.Mount();
        s.Do("mkdir m/d; setfattr -n trusted.overlay.opaque -v y m/d");
        s.Point("is $(getfattr --only-values -n trusted.overlay.opaque m/d) y");
        s.Point("is $(getfattr --only-values -n trusted.overlay.overlay.opaque u/d) y");
        s.Point("setfattr -x trusted.overlay.opaque m/d; not eval 'getfattr -m - u/d | grep overlay.overlay'");
    }

    [Feature("`userxattr`: the overlay's marks are `user.overlay.*`")]
    public static void UserXattr(Stage s)
    {
        s.Build("mkdir a/d b/d b/e; echo x > b/d/f; echo x > b/e/f; setfattr -n user.overlay.opaque -v y a/d");
        s.Mount("userxattr");
        s.Point("is \"$(ls m/d)\" ''");
        s.Point("rm -r m/e; mkdir m/e; is $(getfattr --only-values -n user.overlay.opaque u/e) y; is \"$(ls m/e)\" ''");
    }

    [Feature("xattrs of symlinks and directories; long values")]
    public static void Kinds(Stage s)
    {
        s.Build("mkdir b/d; ln -s x b/l");
        s.Mount();
        s.Point("setfattr -h -n trusted.k -v v m/l; is $(getfattr -h --only-values -n trusted.k m/l) v; [ -L u/l ]");
        s.Point("v=$(printf 'v%.0s' {1..3000}); setfattr -n user.k -v $v m/d; is $(getfattr --only-values -n user.k m/d) $v");
    }

    [Feature("ACLs: set, inherited (with umask left aside), obeyed")]
    public static void Acl(Stage s)
    {
        s.Build("mkdir b/d; chmod 777 m; echo x > b/f; chmod 600 b/f");
        s.Mount();
        s.Point("setfacl -m u:7:r m/f; setpriv --reuid 7 --clear-groups cat m/f; says denied setpriv --reuid 8 --clear-groups cat m/f");
        s.Point("setfacl -d -m u:7:rwx,o::rwx m/d; umask 077; mkdir m/d/e; : > m/d/f; is $(getfacl -cpn m/d/e | "
            + "grep ^default:user:7) default:user:7:rwx; is $(stat -c %a m/d/f) 666");
    }
}
