namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("`metacopy` and `verity`")]
internal static class MetacopyRows
{
    [Feature("`metacopy=on`: chmod, chown, utimes and setxattr copy no data")]
    public static void MetadataOnly(Stage s)
    {
        s.Build("head -c 1M /dev/urandom > b/f; chmod 755 b/f");
        s.Mount("metacopy=on");
        s.Do("chmod 600 m/f; chown 7 m/f; touch -h -d 2001-02-03 m/f; setfattr -n user.k -v v m/f");
        s.Point("is $(stat -c %s u/f) 1048576; [ $(stat -c %b u/f) -lt 64 ]; cmp m/f b/f; "
            + "is \"$(stat -c '%a %u %s' m/f)\" '600 7 1048576'");
        s.Point("getfattr -m - u/f | grep -q trusted.overlay.metacopy");
    }

    [Feature("the data follow when the file is first opened for writing")]
    public static void DataFollow(Stage s)
    {
        s.Build("head -c 1M /dev/urandom > b/f");
        s.Mount("metacopy=on");
        s.Do("chmod 600 m/f; [ $(stat -c %b u/f) -lt 64 ]; echo more >> m/f");
        s.Point("cmp -n 1048576 u/f b/f; is $(tail -c 5 u/f) more; not eval 'getfattr -m - u/f | grep trusted.overlay.metacopy'");
    }

    [Feature("a metacopy that is renamed finds its data")]
    public static void Renamed(Stage s)
    {
        s.Build("mkdir b/d; echo data > b/d/f");
        s.Mount("metacopy=on");
        s.Do("chmod 600 m/d/f; getfattr -m - u/d/f | grep -q trusted.overlay.metacopy; ren m/d/f m/g");
        s.Point("is $(cat m/g) data; is $(getfattr --only-values -n trusted.overlay.redirect u/g) /d/f");
        s.Remount();
        s.Point("is $(cat m/g) data; is $(stat -c %a m/g) 600");
    }

    [Feature("`verity=on` reads metacopies without a digest, `require` refuses them")]
    public static void Verity(Stage s)
    {
        s.Build("echo data > b/f");
        s.Mount("metacopy=on,verity=on");
        s.Do("chmod 600 m/f");
        s.Point("is $(cat m/f) data; is $(stat -c %a m/f) 600");
        s.Remount("metacopy=on,verity=require");
        s.Point("says 'Input/output error' cat m/f");
    }
}
