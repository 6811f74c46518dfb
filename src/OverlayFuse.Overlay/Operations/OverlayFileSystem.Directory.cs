using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Listing;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// OPENDIR, READDIR, READDIRPLUS. The daemon keeps nothing for an open directory. The offset of an entry is its cookie, which comes from
/// its name. So telldir(3) and seekdir(3) stay right while names are made and removed, and all readers of a directory can share the
/// kernel's cache of its listing. Where the kernel may cache listings, OPENDIR is answered ENOSYS: it then sends no more OPENDIR and
/// RELEASEDIR (fuse_conn.no_opendir), and treats each directory as opened with FOPEN_CACHE_DIR and FOPEN_KEEP_CACHE.
/// </summary>
public sealed partial class OverlayFileSystem
{
    private const ulong OffsetOfSelf = 1;

    private const ulong OffsetOfParent = 2;

    private bool _opensNoDirectories;

    /// <inheritdoc/>
    public Errno OpenDir(in FuseRequest request, in OpenIn input, out OpenOut opened)
    {
        opened = default;
        if (_view.Inodes[request.Node] is null)
            return Errno.ESTALE;
        if (_opensNoDirectories)
            return Errno.ENOSYS;
        opened.Flags = _caching.OpenReply;
        return Errno.None;
    }

    /// <inheritdoc/>
    public Errno ReleaseDir(in FuseRequest request, in ReleaseIn input) => Errno.None;

    /// <inheritdoc/>
    public Errno ReadDir(in FuseRequest request, in ReadIn input, ref DirentWriter entries) =>
        ReadEntries(request, input.Offset, ref entries);

    /// <inheritdoc/>
    public Errno ReadDirPlus(in FuseRequest request, in ReadIn input, ref DirentWriter entries) =>
        ReadEntries(request, input.Offset, ref entries);

    /// <inheritdoc/>
    public Errno FSyncDir(in FuseRequest request, in FSyncIn input)
    {
        Errno error;
        if ((error = _view.Durability.RequireWanted()) != Errno.None)
            return error;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (!inode.HasUpper)
            return Errno.None;
        if ((error = _view.Files.Locate(inode, out FoundFile real)) != Errno.None)
            return error;
        using (real)
        {
            if ((error = Sys.OpenAt(real.Directory, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened)) != Errno.None)
                return error;
            using var directory = new ScopedFd(opened);
            return _view.Durability.SyncDirectory(directory, (input.Flags & FSyncFlags.DataOnly) != 0);
        }
    }

    private Errno ReadEntries(in FuseRequest request, ulong offset, ref DirentWriter entries)
    {
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (!inode.IsDirectory)
            return Errno.ENOTDIR;
        if (!TryAddDots(inode, offset, ref entries) || inode.Unlinked)
            return Errno.None;
        Errno error;
        if ((error = BorrowListing(inode, offset, out DirectoryListing listing)) != Errno.None)
            return error;
        bool isFinished = false;
        try
        {
            int position = listing.PositionAfter(offset);
            isFinished = position == listing.Count;
            while (position < listing.Count && TryAddEntry(inode, listing, position, ref entries))
                position++;
            return Errno.None;
        }
        finally
        {
            // With READDIRPLUS_AUTO the end of a long listing comes as READDIR, and a second reader would not get attributes.
            if (isFinished && entries.IsPlus)
                _priming.End(inode, listing);
            _view.Listings.Return(listing, isFinished);
        }
    }

    /// <summary>A read from the start makes a new listing. A later one goes on in the listing that is there.</summary>
    private Errno BorrowListing(Inode directory, ulong offset, out DirectoryListing listing)
    {
        if (offset > 0 && _view.Listings.Borrow(directory) is { } begun)
        {
            listing = begun;
            return Errno.None;
        }
        Errno error;
        if ((error = new MergedDirectory(_view, directory).Read(out listing)) != Errno.None)
        {
            listing.Dispose();
            return error;
        }
        _priming.Begin(directory.Directory!, listing);
        _view.Listings.Keep(directory, listing);
        return Errno.None;
    }

    private static bool TryAddDots(Inode directory, ulong offset, ref DirentWriter entries) =>
        (offset >= OffsetOfSelf || TryAddDot(directory.Ino, OffsetOfSelf, "."u8, ref entries))
        && (offset >= OffsetOfParent || TryAddDot(directory.Place!.Parent.Ino, OffsetOfParent, ".."u8, ref entries));

    private static bool TryAddDot(ulong ino, ulong offset, ReadOnlySpan<byte> name, ref DirentWriter entries) =>
        entries.IsPlus
            ? entries.TryAddPlus(default, ino, offset, FileType.Directory, name)
            : entries.TryAdd(ino, offset, FileType.Directory, name);

    private bool TryAddEntry(Inode directory, DirectoryListing listing, int position, ref DirentWriter entries)
    {
        DirectoryEntry entry = listing[position];
        ulong offset = listing.CookieOf(position);
        if (!entries.HasRoomFor(entry.Name.Length))
            return false;
        if (!entries.IsPlus)
            return entries.TryAdd(entry.Ino, offset, entry.Type, entry.Name.Bytes);
        if (!_priming.Wants(directory, listing, entry))
            return entries.TryAddPlus(default, entry.Ino, offset, entry.Type, entry.Name.Bytes);
        Errno error = LookupEntry(directory, entry.Name, new LayerHint(entry.Slot, listing.Version), out EntryOut found, out _);
        // ENOENT: the name was removed after the listing was made.
        return error == Errno.ENOENT
            || entries.TryAddPlus(found, error == Errno.None ? found.Attr.Ino : entry.Ino, offset, entry.Type, entry.Name.Bytes);
    }
}
