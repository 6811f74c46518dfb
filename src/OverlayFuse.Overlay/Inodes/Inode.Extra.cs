using OverlayFuse.Linux;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>What few inodes have. Absent until it is set: a reader sees null or false, as it would before the setting.</summary>
internal sealed partial class Inode
{
    private static int s_pinned;

    private InodeExtra? _extra;

    /// <summary>What only directories have.</summary>
    public DirectoryNode? Directory
    {
        get => Present as DirectoryNode;
        init => _extra = value;
    }

    public bool IsDirectory => Directory is not null;

    /// <summary>Copied up while it was open by passthrough of its lower file: another inode has its names. Set under the lock of the table.</summary>
    public bool IsLeftBehind
    {
        get => Present is { IsLeftBehind: true };
        set => Extra.IsLeftBehind = value;
    }

    /// <summary>Was open for reading and writing by passthrough, so it may be mapped, and written, without our knowledge.</summary>
    public bool IsMappable
    {
        get => Present is { IsMappable: true };
        set => Extra.IsMappable = value;
    }

    /// <summary>As <see cref="Unlinked"/>, but the disk counts names that nobody looked up; guarded by the table's lock.</summary>
    public bool HasUnseenNames
    {
        get => Present is { HasUnseenNames: true };
        set
        {
            if (ExtraFor(value) is { } extra)
                extra.HasUnseenNames = value;
        }
    }

    /// <summary>Known names besides <see cref="Place"/>, the newest last; null for none. Guarded by the table's lock.</summary>
    public List<Place>? OtherPlaces
    {
        get => Present?.OtherPlaces;
        set => Extra.OtherPlaces = value;
    }

    /// <summary>Where the data are, of a file without data of its own; null for all others. Set under the lock of the inode.</summary>
    public LowerData? Data
    {
        get => Present?.Data;
        set
        {
            if (ExtraFor(value is not null) is { } extra)
                extra.Data = value;
        }
    }

    /// <summary>Its place in the index: of a file with several lower links, with index=on; of all that a lower layer has, with nfs_export=on.</summary>
    public IndexEntry? Index
    {
        get => Present?.Index;
        set
        {
            if (ExtraFor(value is not null) is { } extra)
                extra.Index = value;
        }
    }

    /// <summary>xattr "redirect" of the upper inode: how the lower layers call it.</summary>
    public byte[]? Redirect
    {
        get => Directory is { } directory ? directory.Redirect : Data?.Redirect;
        set
        {
            if (Directory is { } directory)
                directory.Redirect = value;
            else if (Data is { } data)
                data.Redirect = value;
        }
    }

    /// <summary>Holds an upper inode whose last known name is gone, until it is forgotten.</summary>
    public SafeFd? Pinned
    {
        get => Present?.Pinned;
        set
        {
            if (ExtraFor(value is not null) is not { } extra)
                return;
            bool wasPinned = Interlocked.Exchange(ref extra.Pinned, value) is not null;
            if (wasPinned != value is not null)
                _ = Interlocked.Add(ref s_pinned, wasPinned ? -1 : 1); // the sum does not matter here
        }
    }

    /// <summary>How many inodes are <see cref="Pinned"/>, in the whole process: each takes a descriptor.</summary>
    public static int PinnedCount => Volatile.Read(ref s_pinned);

    /// <summary>A large lower file whose copy is not whole yet; <see cref="HasUpper"/> comes with the last byte.</summary>
    public PartialCopy? Partial
    {
        get => Present?.Partial;
        set
        {
            if (ExtraFor(value is not null) is { } extra)
                extra.SetPartial(value);
        }
    }

    /// <summary>Descriptors of the real file while it is open in the merged view.</summary>
    public OpenFile? Open
    {
        get => Present?.Open;
        set
        {
            if (ExtraFor(value is not null) is { } extra)
                extra.SetOpen(value);
        }
    }

    /// <summary>The open lock (see the lock order in <c>OverlayFileSystem</c>); directories are not opened under it.</summary>
    public object OpenLock => Extra;

    /// <summary>A descriptor of its real file was open at some time, so data may have been read or written: the kernel may hold pages of it.</summary>
    public bool MayHavePages => Present is { MayHavePages: true };

    private InodeExtra? Present => Volatile.Read(ref _extra);

    /// <summary>Where a setting goes; that there is nothing makes nothing.</summary>
    private InodeExtra? ExtraFor(bool isSomething) => isSomething ? Extra : Present;

    private InodeExtra Extra
    {
        get
        {
            if (Present is { } present)
                return present;
            var made = new InodeExtra();
            return Interlocked.CompareExchange(ref _extra, made, null) ?? made;
        }
    }
}
