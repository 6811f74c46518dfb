using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Asking;

/// <summary>What a child is to do with the place that it is asked about. Numbers are those of one program: no other version reads them.</summary>
internal enum StepKind
{
    /// <summary>Opens the directory for the steps that follow. Answer: device (major, minor), 32 bits each.</summary>
    Open,

    /// <summary>Finds the directory's path without symbolic links; its file system is not asked. Answer: that path.</summary>
    RealPath,

    /// <summary>ioctl(2) by the number <see cref="Step.Detail"/>. Answer: the argument as the mount left it.</summary>
    IoCtl,

    /// <summary>Lists the layers of a live mount, at most <see cref="Step.Detail"/>. Answer: one for each, then ENOENT.</summary>
    Layers,

    /// <summary>Looks whether the argument is the path of a directory: ENOTDIR if it is something else.</summary>
    Look,

    /// <summary>Puts the directory whose path is the argument on top of the lower layers of a live mount.</summary>
    AddLayer,

    /// <summary>syncfs(2). Answer: always success, as an error is the writers' own.</summary>
    Sync,

    /// <summary>umount2(2); MNT_DETACH if <see cref="Step.Detail"/> is not 0.</summary>
    Unmount,

    /// <summary>mount(2) with MS_REMOUNT and the flags <see cref="Step.Detail"/>.</summary>
    Remount,

    /// <summary>Lists the changes of a live mount's upper. Answer: nothing again and again while it goes on, then the lines.</summary>
    Changes,

    /// <summary>Refused by an exception. Answer: its text.</summary>
    Failed,
}

/// <summary>One thing that a child is to do.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Detail">A number that goes with it.</param>
internal sealed record Step(StepKind Kind, uint Detail = 0)
{
    /// <summary>An upper, as many lower layers as there may be, and as many data-only ones.</summary>
    public const int MostLayers = 1 + 2 * OverlayOptions.MostLowers;

    /// <summary>Asks for <see cref="LiveStatistics"/>.</summary>
    public static Step Statistics => new(StepKind.IoCtl, LiveControl.Statistics) { Argument = new byte[LiveControl.Size] };

    /// <summary>Lists all layers.</summary>
    public static Step AllLayers => new(StepKind.Layers, MostLayers);

    /// <summary>What the step takes besides.</summary>
    public byte[] Argument { get; init; } = [];
}

/// <summary>What came of one step.</summary>
/// <param name="Kind">The step's.</param>
/// <param name="Error">Why it failed; then no other step follows it.</param>
/// <param name="Data">The answer.</param>
internal readonly record struct Reply(StepKind Kind, Errno Error, byte[] Data);
