using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay;

/// <summary>
/// The parts of one merged view, put together at mount time by <c>ViewAssembly</c>. It never changes and has no behaviour of its own; each part guards
/// itself. Code that needs several parts takes this; code that needs one or two takes those. No part refers back to it.
/// </summary>
internal sealed class MergedView
{
    public required OverlayOptions Options { get; init; }

    public required LayerStack Layers { get; init; }

    /// <summary>Names of the private xattrs.</summary>
    public required OverlayXattr Xattrs { get; init; }

    /// <summary>Says what one layer shows under a name.</summary>
    public required LayerReader Reader { get; init; }

    public required Redirect Redirect { get; init; }

    public required Metacopy Metacopy { get; init; }

    public required Origin Origin { get; init; }

    /// <summary>How deletions stand in the upper.</summary>
    public required IUpperForm UpperForm { get; init; }

    /// <summary>Owners and modes.</summary>
    public required Ownership Owners { get; init; }

    /// <summary>Numbers st_ino of the merged view.</summary>
    public required InoMapper Inos { get; init; }

    public required InodeTable Inodes { get; init; }

    /// <summary>What FUSE's kernel side has cached.</summary>
    public required KernelCache Kernel { get; init; }

    /// <summary>Descriptors of real directories.</summary>
    public required DirectoryCache Directories { get; init; }

    /// <summary>Which upper directories hold entries with an origin.</summary>
    public required ImpureMarks Impure { get; init; }

    /// <summary>Which lower layers have a name.</summary>
    public required LowerNamesReader LowerNames { get; init; }

    /// <summary>Where the real files of inodes are.</summary>
    public required RealFiles Files { get; init; }

    /// <summary>How the descriptors of the process are shared out.</summary>
    public required DescriptorReserve Reserve { get; init; }

    /// <summary>The index of hard links, with index=on on a writable mount.</summary>
    public LinkIndex? Index { get; init; }

    /// <summary>Whether changes are synced to disk.</summary>
    public required Durability Durability { get; init; }

    /// <summary>Null on a mount that writes nothing.</summary>
    public WorkDirectory? Work { get; init; }

    /// <summary>Makes whiteouts; null on a mount that writes nothing.</summary>
    public Whiteout? Whiteouts { get; init; }

    /// <summary>The mount has an upper and may write to it.</summary>
    public bool IsWritable => Work is not null;
}
