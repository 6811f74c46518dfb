namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Inode numbers")]
internal static class InodeRows
{
    [Feature("st_ino stays over copy-up")]
    public static void OverCopyUp(Stage s)
    {
        s.Build("mkdir b/d; echo x > b/d/f; ln -s f b/d/l");
        s.Mount();
        s.Do("stat -c '%n %i' m/d m/d/f m/d/l > before; echo more >> m/d/f; touch -h m/d/l; touch m/d");
        s.Point("cmp before <(stat -c '%n %i' m/d m/d/f m/d/l)");
    }

    [Feature("st_ino stays over copy-up and remount")]
    public static void OverRemount(Stage s)
    {
        s.Build("mkdir b/d; echo x > b/d/f; echo x > b/d/g");
        s.Mount();
        s.Do("echo new > m/d/new; stat -c '%n %i' m/d m/d/* > before; echo more >> m/d/f");
        s.Remount();
        s.Point("cmp before <(stat -c '%n %i' m/d m/d/*)");
    }

    [Feature("d_ino of a listing is st_ino")]
    public static void ListedIno(Stage s)
    {
        s.Build("mkdir a/d b/d; for i in 1 2 3 4; do echo x > b/d/$i; done; echo y > a/d/5");
        s.Mount();
        s.Do("echo more >> m/d/1; ren m/d/2 m/d/6; echo new > m/d/7");
        s.Point("is \"$(ls -i m/d | awk '{print $2, $1}' | sort)\" \"$(cd m/d; stat -c '%n %i' * | sort)\"");
    }

    [Feature("files of different file systems never share a number (`xino=on`)")]
    public static void Unique(Stage s)
    {
        s.Build("mount -t tmpfs none a; mount -t tmpfs none b; echo 1 > a/f; echo 2 > b/g; is $(stat -c %i a/f) $(stat -c %i b/g)");
        s.Mount("xino=on");
        s.Point("[ $(stat -c %i m/f) != $(stat -c %i m/g) ]");
        s.Point("is $(stat -c %d m/f) $(stat -c %d m/g); is $(stat -c %d m/f) $(stat -c %d m)");
    }

    [Feature("`xino=off`, `xino=auto`: st_dev and st_ino together are unique")]
    public static void UniqueWithDevice(Stage s)
    {
        s.Build("mount -t tmpfs none a; mount -t tmpfs none b; echo 1 > a/f; echo 2 > b/g; is $(stat -c %i a/f) $(stat -c %i b/g)");
        foreach (string option in new[] { "xino=off", "xino=auto" })
        {
            s.Mount(option);
            s.Point("[ $(stat -c %d:%i m/f) != $(stat -c %d:%i m/g) ]");
            s.Unmount();
        }
    }

    [Feature("`ino32_t`: numbers fit into 32 bits", OnKernel = Answer.No)]
    public static void Ino32(Stage s)
    {
        s.Build("mount -t tmpfs none a; echo 1 > a/f; echo 2 > b/g; mkdir b/d");
        s.Mount("ino32_t");
        s.Point("for n in m/f m/g m/d; do [ $(stat -c %i $n) -lt $((1 << 32)) ]; done; is $(stat -c %i m/f m/g m/d | sort -u | wc -l) 3");
    }

    [Feature("directories of a merged tree have one link, or as many as find(1) expects")]
    public static void DirectoryLinks(Stage s)
    {
        s.Build("mkdir -p a/d/1 b/d/2 b/d/3");
        s.Mount();
        s.Point("n=$(stat -c %h m/d); [ $n = 1 ] || [ $n = 5 ]");
    }

    [Feature("access times of lower layers stay")]
    public static void AccessTime(Stage s)
    {
        s.Build("mkdir b/d; echo x > b/d/f; touch -a -d 2001-02-03 b/d b/d/f");
        s.Mount();
        s.Point("ls m/d; cat m/d/f; is \"$(stat -c %x b/d b/d/f | cut -c1-10 | uniq)\" 2001-02-03");
    }

    [Feature("`noatime`: those of the upper too")]
    public static void NoAccessTime(Stage s)
    {
        s.Build("mkdir u/d; echo x > u/d/f; touch -a -d 2001-02-03 u/d u/d/f");
        s.Mount();
        s.Point("ls m/d; cat m/d/f; is \"$(stat -c %x u/d u/d/f | cut -c1-10 | uniq)\" 2001-02-03");
    }
}
