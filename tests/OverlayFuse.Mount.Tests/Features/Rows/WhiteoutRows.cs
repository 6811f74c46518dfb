using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Whiteouts and opaque directories")]
internal static class WhiteoutRows
{
    [Feature("removing a lower file leaves a whiteout (device 0:0) and copies nothing")]
    public static void Remove(Stage s)
    {
        s.Build("echo x > b/f; mkdir b/d; echo x > b/d/g");
        s.Mount();
        s.Point("rm m/f; rm -r m/d; [ ! -e m/f ]; [ ! -e m/d ]; is \"$(ls -A m)\" ''; is $(cat b/f) x");
        s.Point("is \"$(stat -c '%F %t %T' u/f u/d | uniq)\" 'character special file 0 0'");
    }

    [Feature("whiteouts are links of one inode")]
    public static void OneInode(Stage s)
    {
        s.Build("echo x > b/f; echo x > b/g");
        s.Mount();
        s.Point("rm m/f m/g; [ -c u/f ]; [ u/f -ef u/g ]");
    }

    [Feature("removing a file that only the upper has leaves nothing")]
    public static void RemoveUpper(Stage s)
    {
        s.Mount();
        s.Point("echo x > m/f; mkdir m/d; echo x > m/d/g; rm -r m/f m/d; is \"$(ls -A u)\" ''");
    }

    [Feature("whiteouts of a lower layer hide what lies below, and are not shown")]
    public static void Hide(Stage s)
    {
        s.Build("echo x > b/f; mkdir b/d; echo x > b/d/g; mknod a/f c 0 0; mknod a/d c 0 0; echo y > a/z");
        s.Mount();
        s.Point("is \"$(ls -A m)\" z; says 'No such file' cat m/f; says 'No such file' ls m/d");
    }

    [Feature("opaque directories hide what lies below")]
    public static void OpaqueHides(Stage s)
    {
        s.Build("mkdir a/d b/d; echo x > b/d/f; echo y > a/d/g; setfattr -n trusted.overlay.opaque -v y a/d");
        s.Mount();
        s.Point("is \"$(ls -A m/d)\" g; says 'No such file' cat m/d/f");
    }

    [Feature("a directory made where one was removed is empty, and opaque on disk")]
    public static void MakeOverRemoved(Stage s)
    {
        s.Build("mkdir -p b/d/e; echo x > b/d/f");
        s.Mount();
        s.Point("rm -r m/d; mkdir m/d; is \"$(ls -A m/d)\" ''");
        s.Point("is $(getfattr --only-values -n trusted.overlay.opaque u/d) y");
    }

    [Feature("a new file, symlink or device over a whiteout has nothing of the old")]
    public static void CreateOverWhiteout(Stage s)
    {
        s.Build("for n in f l p; do echo old > b/$n; chmod 777 b/$n; setfattr -n user.old -v 1 b/$n; done");
        s.Mount();
        s.Do("rm m/f m/l m/p; : > m/f; ln -s to m/l; mkfifo m/p");
        s.Point("is $(stat -c %a:%s m/f) 644:0; is \"$(getfattr -m user m/f)\" ''; is $(readlink m/l) to; [ -p m/p ]; [ -f u/f ]; "
            + "[ -L u/l ]; [ -p u/p ]");
    }

    [Feature("a merged directory that holds only whiteouts can be removed; others say ENOTEMPTY")]
    public static void RemoveDirectory(Stage s)
    {
        s.Build("mkdir -p a/d b/d b/e; echo x > b/d/f; echo x > b/e/f");
        s.Mount();
        s.Point("says 'not empty' rmdir m/e; says 'not empty' rmdir m/d");
        s.Point("rm m/d/f; rmdir m/d; [ ! -e m/d ]; is \"$(ls m)\" e");
    }

    [Feature("`.wh.NAME` and `.wh..wh..opq` of AUFS in lower layers (images of containers) are read", OnKernel = Answer.No)]
    public static void Aufs(Stage s)
    {
        s.Build("echo x > b/f; : > a/.wh.f; mkdir a/d b/d; echo x > b/d/g; echo y > a/d/h; : > a/d/.wh..wh..opq");
        s.Mount();
        s.Point("[ ! -e m/f ]");
        s.Point("is \"$(ls -A m/d)\" h");
    }

    [Feature("whiteouts as xattrs (`opaque=x`)")]
    public static void XattrWhiteouts(Stage s)
    {
        s.Build("mkdir a/d b/d; echo x > b/d/f; echo x > b/d/g; : > a/d/f; setfattr -n trusted.overlay.whiteout -v y a/d/f; "
            + "setfattr -n trusted.overlay.opaque -v x a/d");
        s.Mount();
        s.Point("is \"$(ls -A m/d)\" g; says 'No such file' cat m/d/f");
    }

    [Feature("nobody can make a whiteout by hand: `mknod 0:0` is EPERM")]
    public static void MakeNode(Stage s)
    {
        s.Mount();
        s.Point("mknod m/null c 1 3; says 'not permitted' mknod m/f c 0 0");
    }

    [Feature("rename with RENAME_WHITEOUT is refused (EINVAL)")]
    public static void RenameWhiteout(Stage s)
    {
        s.Mount();
        s.Do("echo x > m/f; ren m/f m/g; ren m/g m/f");
        s.Point("EINVAL", s.Rename("m/f", "m/g", RenameFlags.Whiteout) == Errno.EINVAL);
    }

    [Feature("each name is listed once, also while entries are being removed")]
    public static void Listing(Stage s)
    {
        s.Build("mkdir a/d b/d u/d; for i in {1..300}; do echo > b/d/f$i; echo > u/d/f$i; done; for i in {200..400}; do echo > a/d/f$i; "
            + "done");
        s.Mount();
        s.Point("is $(ls -A m/d | wc -l) 400; is $(ls -A m/d | sort -u | wc -l) 400");
        s.Point("rm -r m/d; [ ! -e m/d ]");
    }
}
