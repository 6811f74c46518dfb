using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Seeing;

namespace OverlayFuse.Tools.Stacks;

/// <summary>A stack of layers that the user has named: by a mount, by its directories, or by a file.</summary>
internal sealed record NamedStack
{
    /// <summary>No layers yet.</summary>
    public static OverlayOptions Empty => new()
    {
        LowerDirs = [],
        AufsWhiteouts = AufsVariable.IsSet,
    };

    /// <summary>The layers, and the options by which marks are read.</summary>
    public required OverlayOptions Options { get; init; }

    /// <summary>True if owners in user.containers.override_stat count: an ordinary user has mounted it.</summary>
    public bool BelievesOverrides { get; init; }

    /// <summary>True for a mount of the kernel's: ".wh.NAME" is a name like others.</summary>
    public bool IsOfKernel { get; init; }

    /// <summary>Opens all layers.</summary>
    /// <exception cref="IOException">A layer is gone or cannot be read. The text names it.</exception>
    public StackView Open() => new(Options, BelievesOverrides, IsOfKernel);
}
