using OverlayFuse.Linux;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>Fields that few inodes have. Until one is set, a reader sees null or false.</summary>
internal sealed partial class Inode
{
    private static int s_pinned;

    private InodeExtra? _extra;

    /// <summary>The fields that only directories have; null for all other inodes.</summary>
    public DirectoryNode? Directory
    {
        get => Present as DirectoryNode;
        init => _extra = value;
    }

    public bool IsDirectory => Directory is not null;

    /// <summary>
    /// The inode was copied up while it was open by passthrough of its lower file: another inode has its names. Set under the lock of the
    /// table.
    /// </summary>
    public bool IsLeftBehind
    {
        get => Present is { IsLeftBehind: true };
        set => Extra.IsLeftBehind = value;
    }

    /// <summary>
    /// The inode was open for reading and writing by passthrough: programs may map and write it without a message to the daemon.
    /// </summary>
    public bool IsMappable
    {
        get => Present is { IsMappable: true };
        set => Extra.IsMappable = value;
    }

    /// <summary>
    /// As <see cref="Unlinked"/>, but the disk counts names that no client has looked up. The lock of the table guards it.
    /// </summary>
    public bool HasUnseenNames
    {
        get => Present is { HasUnseenNames: true };
        set
        {
            if (ExtraFor(value) is { } extra)
                extra.HasUnseenNames = value;
        }
    }

    /// <summary>Known names besides <see cref="Place"/>, the newest last; null for none. The lock of the table guards it.</summary>
    public List<Place>? OtherPlaces
    {
        get => Present?.OtherPlaces;
        set => Extra.OtherPlaces = value;
    }

    /// <summary>The place of the data of a metacopy; null for all other inodes. Set under the lock of the inode.</summary>
    public LowerData? Data
    {
        get => Present?.Data;
        set
        {
            if (ExtraFor(value is not null) is { } extra)
                extra.Data = value;
        }
    }

    /// <summary>
    /// The entry in the index. A file with several lower links has one with index=on, each lower inode has one with nfs_export=on.
    /// </summary>
    public IndexEntry? Index
    {
        get => Present?.Index;
        set
        {
            if (ExtraFor(value is not null) is { } extra)
                extra.Index = value;
        }
    }

    /// <summary>xattr "redirect" of the upper inode: its name or path in the lower layers.</summary>
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

    /// <summary>Holds an upper inode whose last known name is gone, until the kernel forgets it.</summary>
    public SafeFd? Pinned
    {
        get => Present?.Pinned;
        set
        {
            if (ExtraFor(value is not null) is not { } extra)
                return;
            bool wasPinned = Interlocked.Exchange(ref extra.Pinned, value) is not null;
            // The sum does not matter here.
            if (wasPinned != value is not null)
                _ = Interlocked.Add(ref s_pinned, wasPinned ? -1 : 1);
        }
    }

    /// <summary>The number of <see cref="Pinned"/> inodes in the whole process. Each takes a descriptor.</summary>
    public static int PinnedCount => Volatile.Read(ref s_pinned);

    /// <summary>The copy of a large lower file that is not whole yet. <see cref="HasUpper"/> comes with the last byte.</summary>
    public PartialCopy? Partial
    {
        get => Present?.Partial;
        set
        {
            if (ExtraFor(value is not null) is { } extra)
                extra.SetPartial(value);
        }
    }

    /// <summary>The descriptor of the real file, while a client has it open or it is idle. Changed under the open lock.</summary>
    public OpenFile? Open
    {
        get => Present?.Open;
        set
        {
            if (ExtraFor(value is not null) is { } extra)
                extra.SetOpen(value);
        }
    }

    /// <summary>
    /// The open lock (src/ARCHITECTURE.md has the lock order). It guards <see cref="Open"/>, and is held while a layer opens or closes the
    /// file, which may take for ever. Directories are not opened under it.
    /// </summary>
    public object OpenLock => Extra;

    /// <summary>A descriptor of the real file was open at some time, so the kernel may hold pages of the file.</summary>
    public bool MayHavePages => Present is { MayHavePages: true };

    private InodeExtra? Present => Volatile.Read(ref _extra);

    /// <summary>The object that takes a new value. No object is made for null and false.</summary>
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
