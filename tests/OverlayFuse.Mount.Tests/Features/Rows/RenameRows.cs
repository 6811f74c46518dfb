using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Rename and `redirect_dir`")]
internal static class RenameRows
{
    [Feature("renaming a lower file leaves a whiteout; what it replaces is gone")]
    public static void LowerFile(Stage s)
    {
        s.Build("echo x > b/f; echo y > b/g");
        s.Mount();
        s.Point("ren m/f m/g; is $(cat m/g) x; [ ! -e m/f ]; is \"$(ls m)\" g");
        s.Point("[ -c u/f ]");
    }

    [Feature("RENAME_NOREPLACE")]
    public static void NoReplace(Stage s)
    {
        s.Build("echo x > b/f; echo y > b/g");
        s.Mount();
        s.Point("EEXIST", s.Rename("m/f", "m/g", RenameFlags.NoReplace) == Errno.EEXIST);
        s.Point("to a free name", s.Rename("m/f", "m/h", RenameFlags.NoReplace) == 0);
        s.Point("is $(cat m/h) x; [ ! -e m/f ]");
    }

    [Feature("RENAME_EXCHANGE")]
    public static void Exchange(Stage s)
    {
        s.Build("echo x > b/f; echo y > a/g");
        s.Mount();
        s.Point("answers 0", s.Rename("m/f", "m/g", RenameFlags.Exchange) == 0);
        s.Point("is $(cat m/f)$(cat m/g) yx; is $(cat b/f)$(cat a/g) xy");
    }

    [Feature("without `redirect_dir=on` renaming a lower directory says EXDEV, as mv(1) expects")]
    public static void CrossDevice(Stage s)
    {
        s.Build("mkdir -p b/d b/c; echo x > b/d/f; echo x > b/c/f");
        s.Mount();
        s.Point("says 'cross-device' ren m/c m/e; is $(cat m/c/f) x");
        s.Point("mv m/d m/g; is $(cat m/g/f) x; [ ! -e m/d ]");
    }

    [Feature("`redirect_dir=on`: renaming a lower directory copies nothing of what is in it")]
    public static void Redirect(Stage s)
    {
        s.Build("mkdir -p b/d/e a/d; echo x > b/d/e/f; echo y > a/d/g");
        s.Mount("redirect_dir=on");
        s.Do("ren m/d m/new");
        s.Point("is $(cat m/new/e/f)$(cat m/new/g) xy; [ ! -e m/d ]; is \"$(ls -A u/new)\" ''");
        s.Point("is $(getfattr --only-values -n trusted.overlay.redirect u/new) d");
    }

    [Feature("directories moved elsewhere get absolute redirects; removed and new ones in them stay so")]
    public static void AbsoluteRedirect(Stage s)
    {
        s.Build("mkdir -p b/p/d/e b/q; echo x > b/p/d/e/f; echo y > b/p/d/g");
        s.Mount("redirect_dir=on");
        s.Do("ren m/p/d m/q/d");
        s.Point("is $(getfattr --only-values -n trusted.overlay.redirect u/q/d) /p/d; is $(cat m/q/d/e/f) x");
        s.Do("rm m/q/d/g; echo new > m/q/d/e/h");
        s.Remount();
        s.Point("is \"$(ls m/q/d m/q/d/e | tr '\\n' ' ')\" 'm/q/d: e  m/q/d/e: f h '");
    }

    [Feature("redirects through several layers")]
    public static void RedirectChain(Stage s)
    {
        s.Build("mkdir -p b/d u2 w2; echo x > b/d/f");
        s.Mount("redirect_dir=on");
        s.Do("ren m/d m/e; echo y > m/e/g");
        s.Unmount();
        s.Mount(Stage.Plan("redirect_dir=on", "u:a:b") with { Upper = "u2", Work = "w2" });
        s.Do("ren m/e m/h");
        s.Point("is $(cat m/h/f)$(cat m/h/g) xy; is \"$(ls m)\" h; is $(getfattr --only-values -n trusted.overlay.redirect u2/h) e");
    }

    [Feature("`redirect_dir=follow` finds renamed directories, and renames none; `nofollow` finds none")]
    public static void FollowOnly(Stage s)
    {
        s.Build("mkdir -p b/d b/other u/e; echo x > b/d/f; mknod u/d c 0 0; setfattr -n trusted.overlay.redirect -v d u/e");
        s.Mount("redirect_dir=follow");
        s.Point("is $(cat m/e/f) x; says 'cross-device' ren m/other m/y");
        s.Remount("redirect_dir=nofollow");
        s.Point("says '' ls m/e/f");
    }
}
