using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Listing;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// Decides which names of a listing go to the kernel with their attributes. The kernel asks for each other name alone when a program calls
/// stat(2) on it, which costs a round trip. An entry with attributes costs a third of that, and ten times as much as one without. So
/// attributes go with a short listing, with a long one whose names are asked for while it is read, and with a long one that is read for
/// the second time. Names that the kernel knows go without them, but for files that were read since, as `git status` reads them: the
/// kernel doubts their atime. docs/decisions/priming-listings.md has the figures.
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="caching">What the kernel may cache.</param>
internal sealed class Priming(MergedView view, KernelCaching caching)
{
    /// <summary>The most names of a short listing.</summary>
    private const int Short = 1024;

    /// <summary>The most names of a listing that goes with attributes because it is read again. Each takes memory on both sides.</summary>
    private const int Long = 100_000;

    /// <summary>So many LOOKUPs in a directory mean that all its names will be asked for.</summary>
    private const int Asked = 32;

    /// <summary>A listing begins.</summary>
    public void Begin(DirectoryNode directory, DirectoryListing listing)
    {
        listing.IsPrimed = listing.Count <= Short || AreAskedFor(directory) || (directory.WasListedPlain && listing.Count <= Long);
        directory.AskedNames = 0;
    }

    /// <summary>True if an entry goes with its attributes.</summary>
    public bool Wants(Inode directory, DirectoryListing listing, in DirectoryEntry entry) =>
        (listing.IsPrimed || AreAskedFor(directory.Directory!)) && !IsKnown(directory, entry);

    private bool IsKnown(Inode directory, in DirectoryEntry entry) =>
        caching.NamesStay && !view.Kernel.HasForgottenNames
        && (entry.IsKnownUpper || view.Inodes.OfName(directory, entry.Name) is { WasRead: false });

    /// <summary>
    /// A listing has been read to its end. The kernel may not keep a long one without attributes, so that a second reader is noticed. Its
    /// cache then lacks the pages, and it asks again (fuse_readdir_cached).
    /// </summary>
    public void End(Inode directory, DirectoryListing listing)
    {
        if (listing.IsPrimed || listing.Count > Long || AreAskedFor(directory.Directory!))
            return;
        directory.Directory!.WasListedPlain = true;
        view.Kernel.InvalidateData(directory);
    }

    private static bool AreAskedFor(DirectoryNode directory) => directory.AskedNames >= Asked;
}
