namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Exchange with the kernel's overlayfs")]
internal static class InterchangeRows
{
    private const string AllOptions = "redirect_dir=on,metacopy=on,index=on";

    private const string MakeLower = """
        mkdir -p b/gone b/again/sub b/moved/deep b/kept a/kept b/untouched
        for n in f g h moved/1 moved/deep/2 gone/3 again/4 kept/5 kept/6 untouched/7; do echo "$n" > b/$n; done
        ln b/f b/hard; ln -s f b/link; mkfifo b/fifo; setfattr -n user.k -v v b/g; echo top > a/kept/8; chmod 640 b/h
        """;

    /// <summary>A step that a program cannot make is left out: what it shows in the end counts.</summary>
    private const string Changes = """
        set +e
        cd m
        echo more >> f; chmod 4755 h; chown 7:8 g; rm -r gone; rm -r again; mkdir again; echo new > again/9; rm kept/5; ln g linked
        ren kept/6 kept/60; ren link link2; chmod 600 fifo; setfattr -n user.n -v w kept; mkdir new; echo new > new/10
        touch -d 2001-02-03 h
        """;

    private const string Show = """
        cd m; find . -printf '%p %y %m %U:%G %s %l\n' | sed -E '/ d /s/ [0-9]+ $//' | sort; find . -type f | sort | xargs md5sum
        find . ! -type l ! -type p | sort | xargs getfattr -d -m '^user' || true
        """;

    [Feature("the kernel's overlayfs mounts what it has written, and shows the same")]
    public static void KernelReads(Stage s) => PointExchange(s, "", Changes, byKernelFirst: false);

    [Feature("the same with `redirect_dir`, `metacopy` and `index`")]
    public static void KernelReadsAll(Stage s) =>
        PointExchange(s, AllOptions, Changes + "\nren moved moved2; ren moved2/deep deep", byKernelFirst: false);

    [Feature("it mounts what the kernel's overlayfs has written, and shows the same")]
    public static void ReadsKernels(Stage s) => PointExchange(s, "", Changes, byKernelFirst: true);

    [Feature("the same with `redirect_dir`, `metacopy` and `index`; each can go on where the other stopped")]
    public static void ReadsKernelsAll(Stage s) =>
        PointExchange(s, AllOptions, Changes + "\nren moved moved2; ren moved2/deep deep", byKernelFirst: true);

    private static void PointExchange(Stage s, string options, string changes, bool byKernelFirst)
    {
        s.Build(MakeLower);
        s.Mount(options); // Who refuses the options is not asked further.
        if (byKernelFirst) Switch(s, options, toKernel: true);
        s.Try(changes);
        s.Do($"({Show}) > before");
        Switch(s, options, toKernel: !byKernelFirst);
        s.Point($"diff before <({Show})");
        s.Do("echo again >> m/f; rm m/g; echo other > m/again/11; chmod 700 m/untouched/7");
        s.Do($"({Show}) > before");
        Switch(s, options, toKernel: byKernelFirst);
        s.Point($"diff before <({Show})");
    }

    private static void Switch(Stage s, string options, bool toKernel)
    {
        s.Unmount();
        if (toKernel) s.MountByKernel(options);
        else s.Mount(options);
    }
}
