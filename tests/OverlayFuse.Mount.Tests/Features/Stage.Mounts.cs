using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Soak;

namespace OverlayFuse.Mount.Tests.Features;

/// <summary>Mounts of a stage.</summary>
internal sealed partial class Stage
{
    private const int DiskMiB = 320, BusyAttempts = 200, BusyMilliseconds = 25;
    private static readonly string[] KernelDefaults = ["index=off", "redirect_dir=off", "metacopy=off"];
    private MountPlan? mounted;
    private string disk = "", image = "";

    /// <summary>Mounts at <c>m</c>; a program that refuses has not the feature.</summary>
    public void Mount(string extra = "", string lowers = "a:b", bool upper = true) => Mount(Plan(extra, lowers, upper));

    /// <summary>Mounts with <paramref name="options"/> as they stand, layers too.</summary>
    public void MountRaw(string options) => Mount(Plan("", "", upper: true) with { Raw = options });

    public void Mount(MountPlan plan)
    {
        ToolResult result = TryMount(plan);
        if (result.ExitCode != 0)
            throw new MissingFeatureException($"mount with {plan.Options}: exit {result.ExitCode} {result.Error.Trim()}");
        if (!MountTable.IsMountpoint($"{Root}/{plan.Mountpoint}"))
            throw new MissingFeatureException($"mount with {plan.Options}: exit 0, but not mounted");
        mounted = plan;
    }

    /// <summary>
    /// A point: the same mount as would be made with <paramref name="good"/> is refused. The good one shows that the program knows the
    /// option.
    /// </summary>
    public void PointRefuses(MountPlan good, MountPlan bad, string before = ":")
    {
        Mount(good);
        Unmount();
        Build(before);
        PointRefuses(bad);
    }

    public void PointRefuses(MountPlan bad)
    {
        ToolResult result = TryMount(bad);
        bool isMounted = MountTable.IsMountpoint($"{Root}/{bad.Mountpoint}");
        Note(result.ExitCode != 0 && !isMounted, $"{bad.Options} at {bad.Mountpoint} is not refused");
        if (isMounted) Unmount($"{Root}/{bad.Mountpoint}");
    }

    public static MountPlan Plan(string extra = "", string lowers = "a:b", bool upper = true, string mountpoint = "m") =>
        new(lowers, upper ? "u" : null, "w", extra, mountpoint);

    public void Remount(string? extra = null)
    {
        MountPlan plan = mounted!;
        Unmount();
        Mount(extra is null ? plan : plan with { Extra = extra });
    }

    /// <summary>The kernel's overlayfs on the same directories.</summary>
    public void MountByKernel(string extra = "", string lowers = "a:b")
    {
        MountPlan plan = WithKernelDefaults(Plan(extra, lowers));
        ToolResult result = Try(OverlayProgram.Kernel.MountCommand(plan));
        if (result.ExitCode != 0) throw new MissingFeatureException($"the kernel's mount with {plan.Options}: {result.Error.Trim()}");
        mounted = plan;
    }

    public void Unmount()
    {
        CloseAll();
        Unmount($"{Root}/{mounted!.Mountpoint}");
    }

    private static void Unmount(string point)
    {
        List<int> daemons = DaemonProcess.Of(point);
        for (int attempt = 0; Libc.umount2(Libc.Bytes(point), 0) != 0; attempt++)
        {
            if (attempt == BusyAttempts) throw new MissingFeatureException($"umount {point} stays busy");
            Thread.Sleep(BusyMilliseconds);
        }
        if (!SpinWait.SpinUntil(() => !daemons.Any(DaemonProcess.Runs), 10_000))
            throw new MissingFeatureException("the daemon does not end after the unmount");
    }

    /// <summary>Puts the layers on xfs, which can reflink, and whose power can be cut. Goes before everything else.</summary>
    public void OnXfs() => On("xfs");

    /// <summary>The same on another file system, begun anew.</summary>
    public void On(string fileSystem)
    {
        Root = sandbox.MakeFileSystem(fileSystem, DiskMiB);
        (disk, image) = (fileSystem, Root + ".img");
        MakeDirectories();
    }

    /// <summary>Unmounts after the disk has lost its power: data that nobody had synced were not written.</summary>
    /// <param name="withJournal">The journal was.</param>
    public void CutPower(bool withJournal = true)
    {
        CloseAll();
        Bash.Run($"xfs_io -x -c 'shutdown {(withJournal ? "-f" : "")}' {Root}");
        try
        {
            Unmount();
        }
        catch (MissingFeatureException)
        {
            _ = Libc.umount2(Libc.Bytes($"{Root}/{mounted!.Mountpoint}"), Libc.MNT_DETACH);
            KillDaemons();
            SpinWait.SpinUntil(() => Daemons().Count == 0, 10_000);
        }
        Bash.Run($"umount {Root}; mount -t {disk} -o loop,noatime {image} {Root}", sandbox.Root);
    }

    private ToolResult TryMount(MountPlan plan)
    {
        Directory.CreateDirectory($"{Root}/{plan.Mountpoint}");
        string environment = plan.Environment.Length > 0 ? $"export {plan.Environment}\n" : "";
        return Try(environment + Program.MountCommand(IsKernel ? WithKernelDefaults(plan) : plan));
    }

    /// <summary>What nobody asks for is pinned to the plain defaults, whatever the kernel's configuration says.</summary>
    private static MountPlan WithKernelDefaults(MountPlan plan)
    {
        if (plan.Upper is null || plan.Options.Contains("userxattr", StringComparison.Ordinal)) return plan;
        IEnumerable<string> missing = KernelDefaults.Where(word => !Contradicts(word, plan.Options));
        return plan with { Extra = string.Join(',', new[] { plan.Extra }.Concat(missing).Where(part => part.Length > 0)) };
    }

    private static bool Contradicts(string word, string options) =>
        options.Contains(word[..word.IndexOf('=')], StringComparison.Ordinal)
        || (word == "redirect_dir=off"
            && (options.Contains("metacopy", StringComparison.Ordinal) || options.Contains("verity", StringComparison.Ordinal)))
        || (word == "metacopy=off" && options.Contains("verity", StringComparison.Ordinal));
}
