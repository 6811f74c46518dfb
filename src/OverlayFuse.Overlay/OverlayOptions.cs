namespace OverlayFuse.Overlay;

/// <summary>What one overlay is made of. Paths are absolute; that they fit together is <c>LayerChecks</c>' business.</summary>
public sealed record OverlayOptions
{
    /// <summary>Most lower layers of one mount: OVL_MAX_STACK of the kernel (fs/overlayfs/params.h).</summary>
    public const int MostLowers = 500;

    /// <summary>The lower layers, topmost first, as in lowerdir=.</summary>
    public required IReadOnlyList<string> LowerDirs { get; init; }

    /// <summary>The writable layer; without one the mount is read-only.</summary>
    public string? UpperDir { get; init; }

    /// <summary>Where entries are prepared before they are renamed into the upper. Set whenever <see cref="UpperDir"/> is.</summary>
    public string? WorkDir { get; init; }

    /// <summary>
    /// Overlay marks are user.overlay.* instead of trusted.overlay.*. Null: trusted where the daemon may write them,
    /// else user (a mount in a user namespace or of an ordinary user).
    /// </summary>
    public bool? UserXattr { get; init; }

    /// <summary>Lower layers that only hold data of metacopy files, below all others; their trees are not seen (overlayfs.rst, "Data-only lower layers").</summary>
    public IReadOnlyList<string> DataDirs { get; init; } = [];

    /// <summary>io=.</summary>
    public IoMode Io { get; init; }

    /// <summary>redirect_dir=; null: what the marks allow, for those that any user can write lead nowhere (<c>MarkChecks</c>).</summary>
    public RedirectMode? Redirect { get; init; }

    /// <summary>metacopy=on: changes of metadata copy no data up, and metacopies of layers are followed.</summary>
    public bool Metacopy { get; init; }

    /// <summary>verity=: whether metacopies name the fs-verity digest of their data.</summary>
    public VerityMode Verity { get; init; }

    /// <summary>index=on: lower files with several links stay one file over copy-up.</summary>
    public bool Index { get; init; }

    /// <summary>nfs_export=on: inodes with a name are never forgotten, and all that is copied up is indexed. Only with <see cref="Index"/> where there is an upper.</summary>
    public bool NfsExport { get; init; }

    /// <summary>xino=on: the lower layers will be the same at later mounts (ovl_allow_offline_changes).</summary>
    public bool KeepsLowers { get; init; }

    /// <summary>uuid=.</summary>
    public UuidMode Uuid { get; init; }

    /// <summary>Nothing is ever synced to disk; a crash loses the upper (overlayfs.rst, "Volatile mount").</summary>
    public bool Volatile { get; init; }

    /// <summary>fsync=.</summary>
    public FsyncMode Fsync { get; init; }

    /// <summary>Whether anything is ever synced to disk.</summary>
    public bool Syncs => !Volatile && Fsync != FsyncMode.Off;

    /// <summary>User ids on disk and in the mount; empty: they are the same. No two ranges overlap.</summary>
    public IReadOnlyList<IdRange> UidMap { get; init; } = [];

    /// <summary>Group ids on disk and in the mount; empty: they are the same. No two ranges overlap.</summary>
    public IReadOnlyList<IdRange> GidMap { get; init; } = [];

    /// <summary>Owner that all files show, before any map.</summary>
    public uint? SquashUid { get; init; }

    /// <summary>Group that all files show, before any map.</summary>
    public uint? SquashGid { get; init; }

    /// <summary>Where owners and modes of files in the upper are kept.</summary>
    public XattrPermissions XattrPermissions { get; init; }

    /// <summary>
    /// What is deleted is marked in the upper by files ".wh.NAME", and opaque directories by ".wh..wh..opq", as AUFS does; and such files in
    /// the upper are read so. Else they are ordinary files there.
    /// </summary>
    public bool AufsWhiteouts { get; init; }

    /// <summary>Directories show one link, whatever the disk says.</summary>
    public bool StaticNlink { get; init; }

    /// <summary>The kernel does not enforce POSIX ACLs; they can still be read and written.</summary>
    public bool NoAcl { get; init; }

    /// <summary>Programs get EOPNOTSUPP for every extended attribute.</summary>
    public bool NoXattrs { get; init; }

    /// <summary>noatime: reading leaves the access times of the upper alone, too, where the daemon may clone its mount.</summary>
    public bool NoAccessTimes { get; init; }

    /// <summary>The mount is read-only although it has an upper.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>How long the kernel may keep names and attributes without asking again. Only we change the layers: long is right.</summary>
    public TimeSpan CacheTimeout { get; init; } = TimeSpan.FromDays(10000);

    /// <summary>The same for names that are there; null: <see cref="CacheTimeout"/>.</summary>
    public TimeSpan? EntryTimeout { get; init; }

    /// <summary>The same for attributes.</summary>
    public TimeSpan? AttributeTimeout { get; init; }

    /// <summary>The same for names that are not there.</summary>
    public TimeSpan? NegativeTimeout { get; init; }

    /// <summary>The kernel drops a file's content from its cache when it sees that size or time have changed below.</summary>
    public bool AutoCache { get; init; }

    /// <summary>The kernel caches no content: every read and write comes to us.</summary>
    public bool DirectIo { get; init; }

    /// <summary>
    /// The first write to a large file does not wait for its whole copy, which comes into the upper later: nobody may read the upper before the daemon
    /// has ended, or a sync of the file.
    /// </summary>
    public bool IncrementalCopyUp { get; init; }

    /// <summary>The kernel may keep what is written and send it later; makes every open a request. Of no effect on a read-only mount.</summary>
    public bool WriteBack { get; init; }

    /// <summary>Inode numbers of 32 bits, for programs that have no room for more.</summary>
    public bool ShortInos { get; init; }

    /// <summary>timeout=0: somebody else changes the layers, so contents and listings are read anew at every open, too.</summary>
    public bool IsCaching => CacheTimeout > TimeSpan.Zero;

    /// <summary>Gets what went wrong without a caller to tell; null: nobody.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Nobody asked for a look at the layers from time to time, so what was learnt of the lower ones stays true.</summary>
    public bool LayersAreOurs =>
        CacheTimeout >= TimeSpan.FromDays(1) && (EntryTimeout ?? CacheTimeout) >= TimeSpan.FromDays(1) && (NegativeTimeout ?? CacheTimeout) >= TimeSpan.FromDays(1);

    /// <summary>Whether anything can be written through the mount.</summary>
    public bool IsWritable => UpperDir is not null && !ReadOnly;
}
