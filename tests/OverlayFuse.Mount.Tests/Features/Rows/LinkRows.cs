using System.Globalization;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Hard links and `index`")]
internal static class LinkRows
{
    [Feature("a hard link to a lower file is one file with it")]
    public static void LinkLower(Stage s)
    {
        s.Build("echo x > b/f");
        s.Mount();
        s.Do("ln m/f m/g; echo more >> m/g");
        s.Point("is \"$(cat m/f)\" $'x\\nmore'; is $(stat -c %h m/f) 2; is $(stat -c %i m/f) $(stat -c %i m/g)");
    }

    [Feature("`index=on`: hard links of a lower file stay one file when one of them is written")]
    public static void Coherent(Stage s)
    {
        s.Build("echo x > b/f; ln b/f b/g; mkdir b/d; ln b/f b/d/h");
        s.Mount("index=on");
        s.Do("echo more >> m/f");
        s.Point("is \"$(cat m/g)\" $'x\\nmore'; is $(stat -c %i m/f) $(stat -c %i m/d/h)");
        s.Remount();
        s.Point("is \"$(cat m/d/h)\" $'x\\nmore'; is $(stat -c %i m/f) $(stat -c %i m/g)");
    }

    [Feature("their number of links is that of the union, over removals and remounts (`nlink`)")]
    public static void LinkCount(Stage s)
    {
        s.Build("echo x > b/f; ln b/f b/g; ln b/f b/h");
        s.Mount("index=on");
        s.Do("echo more >> m/f; rm m/g");
        s.Point("is $(stat -c %h m/f):$(stat -c %h m/h) 2:2");
        s.Do("ln m/h m/i");
        s.Remount();
        s.Point("is $(stat -c %h m/f):$(stat -c %h m/i) 3:3");
        s.Point("getfattr -m - u/f | grep -q trusted.overlay.nlink");
    }

    [Feature("the index is as the kernel keeps it, and what nobody needs is cleared at the mount")]
    public static void IndexEntries(Stage s)
    {
        s.Build("echo x > b/f; ln b/f b/g");
        s.Mount("index=on");
        s.Do("echo more >> m/f");
        s.Point("is $(ls w/index | grep -c '^00fb') 1; [ w/index/* -ef u/f ]");
        s.Do("rm m/f m/g");
        s.Remount();
        s.Point("is \"$(find w/index -type f)\" ''");
    }

    [Feature("an open file that is unlinked stays readable and writable, has 0 links and is not seen")]
    public static void UnlinkedOpen(Stage s)
    {
        s.Build("echo x > b/f");
        s.Mount();
        int upper = s.Open("m/new", O.RDWR | O.CREAT), lower = s.Open("m/f", O.RDONLY);
        Stage.WriteText(upper, "old");
        s.Do("rm m/new m/f; is \"$(ls -A m)\" ''");
        Stage.WriteText(upper, "new");
        s.Point("reads", Stage.ReadText(upper) == "new" && Stage.ReadText(lower) == "x\n");
        s.Point(string.Create(CultureInfo.InvariantCulture,
            $"is $(stat -L -c %h /proc/{Environment.ProcessId}/fd/{upper}) 0; is \"$(find u -type f)\" ''"));
    }

    [Feature("O_TMPFILE, and giving such a file a name")]
    public static void TmpFile(Stage s)
    {
        s.Mount();
        int fd = s.Open("m", O.RDWR | O.TMPFILE);
        Stage.WriteText(fd, "text");
        byte[] self = Libc.Bytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{fd}"));
        s.Point("is \"$(ls -A m)\" ''");
        s.Point("linkat",
            Stage.Result(Libc.linkat(Libc.AT_FDCWD, self, Libc.AT_FDCWD, Libc.Bytes(s.PathOf("m/f")), Libc.AT_SYMLINK_FOLLOW)) == 0);
        s.Point("is $(cat m/f) text; is $(cat u/f) text");
    }
}
