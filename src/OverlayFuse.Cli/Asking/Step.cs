using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Asking;

/// <summary>
/// A task of the child that is asked about a place. Parent and child are one program, so the numbers may change between versions.
/// </summary>
internal enum StepKind
{
    /// <summary>Opens the directory for the steps that follow. Answer: its device (major, minor), 32 bits each.</summary>
    Open,

    /// <summary>Finds the directory's path without symbolic links. Its file system is not asked. Answer: that path.</summary>
    RealPath,

    /// <summary>ioctl(2) by the number <see cref="Step.Detail"/>. Answer: the argument as the mount left it.</summary>
    IoCtl,

    /// <summary>Lists the layers of a live mount, at most <see cref="Step.Detail"/>. Answer: one reply for each, then ENOENT.</summary>
    Layers,

    /// <summary>Looks at the directory whose path is the argument. ENOTDIR if it is something else.</summary>
    Look,

    /// <summary>Puts the directory whose path is the argument on top of the lower layers of a live mount.</summary>
    AddLayer,

    /// <summary>syncfs(2). Answer: always success, because an error belongs to the programs that have written.</summary>
    Sync,

    /// <summary>umount2(2); MNT_DETACH if <see cref="Step.Detail"/> is not 0.</summary>
    Unmount,

    /// <summary>mount(2) with MS_REMOUNT and the flags <see cref="Step.Detail"/>.</summary>
    Remount,

    /// <summary>
    /// Lists the changes of a live mount's upper; as JSON if <see cref="Step.Detail"/> is not 0. Answer: empty replies as long as it goes
    /// on, then the list.
    /// </summary>
    Changes,

    /// <summary>The step has thrown an exception. Answer: its text.</summary>
    Failed,
}

/// <summary>One task of a child.</summary>
/// <param name="Kind">Which task.</param>
/// <param name="Detail">A number that the task takes.</param>
internal sealed record Step(StepKind Kind, uint Detail = 0)
{
    /// <summary>An upper, as many lower layers as there may be, and as many data-only ones.</summary>
    public const int MostLayers = 1 + 2 * OverlayOptions.MostLowers;

    /// <summary>Asks for <see cref="LiveStatistics"/>.</summary>
    public static Step Statistics => new(StepKind.IoCtl, LiveControl.Statistics) { Argument = new byte[LiveControl.Size] };

    /// <summary>Lists all layers.</summary>
    public static Step AllLayers => new(StepKind.Layers, MostLayers);

    /// <summary>The argument of the step.</summary>
    public byte[] Argument { get; init; } = [];
}

/// <summary>The reply to one step.</summary>
/// <param name="Kind">The task of the step.</param>
/// <param name="Error">Why the step has failed. After a failure no other step is done.</param>
/// <param name="Data">The answer.</param>
internal readonly record struct Reply(StepKind Kind, Errno Error, byte[] Data);
