using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// OPENDIR, READDIR, READDIRPLUS. Reading from offset 0 makes a listing, which the open directory keeps. An offset is the number of an
/// entry, so telldir and seekdir stay right while names are created and removed. The kernel's cache of a directory has room for one
/// listing. Only one of several open handles may use it, because the offsets of the others belong to other listings.
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>"." and ".." come before the listing.</summary>
    private const int Dots = 2;

    /// <inheritdoc/>
    public Errno OpenDir(in FuseRequest request, in OpenIn input, out OpenOut opened)
    {
        opened = default;
        if (_view.Inodes[request.Node] is not { Directory: { } directory } inode)
            return Errno.ESTALE;
        bool alone = Interlocked.Increment(ref directory.OpenHandles) == 1;
        opened = new OpenOut
        {
            Fh = _openDirectories.Add(new OpenDirectory(inode)),
            Flags = _caching.OpenReply | (alone ? _caching.ListingReply : OpenReplyFlags.None),
        };
        return Errno.None;
    }

    /// <inheritdoc/>
    public Errno ReleaseDir(in FuseRequest request, in ReleaseIn input)
    {
        if (_openDirectories.Remove(input.Fh) is not { } open)
            return Errno.EBADF;
        // The number of handles that are left does not matter here.
        _ = Interlocked.Decrement(ref open.Inode.Directory!.OpenHandles);
        lock (open)
        {
            open.Listing?.Dispose();
            // A READDIR of a killed caller may still read it.
            open.Listing = null;
        }
        return Errno.None;
    }

    /// <inheritdoc/>
    public Errno ReadDir(in FuseRequest request, in ReadIn input, ref DirentWriter entries) =>
        ReadEntries(input, ref entries);

    /// <inheritdoc/>
    public Errno ReadDirPlus(in FuseRequest request, in ReadIn input, ref DirentWriter entries) =>
        ReadEntries(input, ref entries);

    /// <inheritdoc/>
    public Errno FSyncDir(in FuseRequest request, in FSyncIn input)
    {
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (!inode.HasUpper || !_view.Durability.IsWanted)
            return Errno.None;
        Errno error = _view.Files.Locate(inode, out FoundFile real);
        if (error != Errno.None)
            return error;
        using (real)
        {
            if ((error = Sys.OpenAt(real.Directory, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened)) != Errno.None)
                return error;
            using var directory = new ScopedFd(opened);
            return _view.Durability.SyncDirectory(directory, (input.Flags & FSyncFlags.DataOnly) != 0);
        }
    }

    private Errno ReadEntries(in ReadIn input, ref DirentWriter entries)
    {
        if (_openDirectories[input.Fh] is not { } open)
            return Errno.EBADF;
        Errno error;
        lock (open)
        {
            if ((input.Offset == 0 || open.Listing is null) && (error = ReadListing(open)) != Errno.None)
                return error;
            DirectoryListing listing = open.Listing!;
            for (ulong offset = input.Offset; offset < (ulong)(listing.Count + Dots); offset++)
            {
                if (!TryAddEntry(open.Inode, listing, (int)offset, ref entries))
                    break;
            }
            return Errno.None;
        }
    }

    private Errno ReadListing(OpenDirectory open)
    {
        open.Listing?.Dispose();
        if (open.Inode.Unlinked)
        {
            open.Listing = new DirectoryListing();
            return Errno.None;
        }
        Errno error = new MergedDirectory(_view, open.Inode).Read(out DirectoryListing listing);
        open.Listing = listing;
        return error;
    }

    private bool TryAddEntry(Inode directory, DirectoryListing listing, int offset, ref DirentWriter entries)
    {
        ulong next = (ulong)offset + 1;
        if (offset < Dots)
        {
            ulong self = offset == 0 ? directory.Ino : directory.Place!.Parent.Ino;
            ReadOnlySpan<byte> dots = offset == 0 ? "."u8 : ".."u8;
            return entries.IsPlus
                ? entries.TryAddPlus(default, self, next, FileType.Directory, dots)
                : entries.TryAdd(self, next, FileType.Directory, dots);
        }
        DirectoryEntry entry = listing[offset - Dots];
        if (!entries.HasRoomFor(entry.Name.Length))
            return false;
        if (!entries.IsPlus)
            return entries.TryAdd(entry.Ino, next, entry.Type, entry.Name.Bytes);
        Errno error = LookupEntry(directory, entry.Name, new LayerHint(entry.Slot, listing.Version), out EntryOut found, out _);
        // ENOENT: the name was removed after the listing was made.
        return error == Errno.ENOENT
            || entries.TryAddPlus(found, error == Errno.None ? found.Attr.Ino : entry.Ino, next, entry.Type, entry.Name.Bytes);
    }
}

/// <summary>A directory that the kernel holds open. A lock of the object guards the listing.</summary>
/// <param name="inode">The directory.</param>
internal sealed class OpenDirectory(Inode inode)
{
    public Inode Inode { get; } = inode;

    public DirectoryListing? Listing { get; set; }
}
