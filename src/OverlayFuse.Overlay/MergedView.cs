using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Listing;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay;

/// <summary>
/// The parts of one merged view. <c>ViewAssembly</c> puts them together at mount time. The view never changes and has no behaviour of its
/// own. Each part guards itself. Code that needs several parts takes the view; code that needs one or two takes those. No part refers back
/// to the view.
/// </summary>
internal sealed class MergedView
{
    public required OverlayOptions Options { get; init; }

    public required LayerStack Layers { get; init; }

    /// <summary>Names of the private xattrs.</summary>
    public required OverlayXattr Xattrs { get; init; }

    /// <summary>Reads the entry that one layer has under a name.</summary>
    public required LayerReader Reader { get; init; }

    public required Redirect Redirect { get; init; }

    public required Metacopy Metacopy { get; init; }

    public required Origin Origin { get; init; }

    /// <summary>The form of deletions in the upper.</summary>
    public required IUpperForm UpperForm { get; init; }

    /// <summary>Maps owners and modes.</summary>
    public required Ownership Owners { get; init; }

    /// <summary>Maps inode numbers of the disk to those of the merged view.</summary>
    public required InoMapper Inos { get; init; }

    public required InodeTable Inodes { get; init; }

    /// <summary>The cache of FUSE's kernel side.</summary>
    public required KernelCache Kernel { get; init; }

    /// <summary>Descriptors of real directories.</summary>
    public required DirectoryCache Directories { get; init; }

    /// <summary>The marks of upper directories that hold entries with an origin.</summary>
    public required ImpureMarks Impure { get; init; }

    /// <summary>Tells the lower layers that have a name.</summary>
    public required LowerNamesReader LowerNames { get; init; }

    /// <summary>The listings that readers have begun.</summary>
    public required ListingCache Listings { get; init; }

    /// <summary>Finds the real files of inodes.</summary>
    public required RealFiles Files { get; init; }

    /// <summary>Shares out the descriptors of the process.</summary>
    public required DescriptorReserve Reserve { get; init; }

    /// <summary>The index of hard links. Null without index=on, and on a mount that writes nothing.</summary>
    public LinkIndex? Index { get; init; }

    /// <summary>Whether changes are synced to disk.</summary>
    public required Durability Durability { get; init; }

    /// <summary>Null on a mount that writes nothing.</summary>
    public WorkDirectory? Work { get; init; }

    /// <summary>Makes whiteouts. Null on a mount that writes nothing.</summary>
    public Whiteout? Whiteouts { get; init; }

    /// <summary>True if the mount has an upper and may write to it.</summary>
    public bool IsWritable => Work is not null;
}
