using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// OPENDIR, READDIR, READDIRPLUS. A listing is made when reading starts at offset 0 and kept with the open directory; an offset is the
/// number of the entry, so telldir and seekdir hold whatever is created or removed meanwhile. The kernel's cache of a directory has room for
/// one listing, so only one of several open handles may use it: the others' offsets would mean something else in it.
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
            Flags = _caching.OpenReply | (alone && _view.Options.IsCaching ? OpenReplyFlags.CacheDir : OpenReplyFlags.None),
        };
        return Errno.None;
    }

    /// <inheritdoc/>
    public Errno ReleaseDir(in FuseRequest request, in ReleaseIn input)
    {
        if (_openDirectories.Remove(input.Fh) is not { } open)
            return Errno.EBADF;
        _ = Interlocked.Decrement(ref open.Inode.Directory!.OpenHandles); // how many are left does not matter here
        lock (open)
        {
            open.Listing?.Dispose();
            open.Listing = null; // a READDIR whose caller was killed may still come here
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
        if (!inode.HasUpper || !_view.Options.Syncs)
            return Errno.None;
        if (_view.Files.Locate(inode, out FoundFile real) is not Errno.None and var error)
            return error;
        using (real)
        {
            if (Sys.OpenAt(real.Directory, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened) is not Errno.None and var failed)
                return failed;
            using var directory = new ScopedFd(opened);
            return Sys.FSync(directory, (input.Flags & FSyncFlags.DataOnly) != 0);
        }
    }

    private Errno ReadEntries(in ReadIn input, ref DirentWriter entries)
    {
        if (_openDirectories[input.Fh] is not { } open)
            return Errno.EBADF;
        lock (open)
        {
            if ((input.Offset == 0 || open.Listing is null) && ReadListing(open) is not Errno.None and var error)
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
        return error == Errno.ENOENT // removed since
            || entries.TryAddPlus(found, error == Errno.None ? found.Attr.Ino : entry.Ino, next, entry.Type, entry.Name.Bytes);
    }

    /// <summary>Whether a real directory holds anything at all, whiteouts included.</summary>
    private static Errno HoldsEntries(Fd parent, Name name, out bool holds)
    {
        holds = false;
        const OpenFlags flags = OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow;
        if (Sys.OpenAt(parent, name, flags, out Fd opened) is not Errno.None and var error)
            return error;
        using var directory = new ScopedFd(opened);
        Span<byte> records = stackalloc byte[1024];
        error = Sys.GetDents(directory, records, out int length);
        holds = new DirectoryRecords(records[..length]).MoveNext();
        return error;
    }
}

/// <summary>A directory that the kernel holds open. Its listing is guarded by locking the object.</summary>
/// <param name="inode">The directory.</param>
internal sealed class OpenDirectory(Inode inode)
{
    public Inode Inode { get; } = inode;

    public DirectoryListing? Listing { get; set; }
}
