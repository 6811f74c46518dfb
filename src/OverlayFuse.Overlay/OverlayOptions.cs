namespace OverlayFuse.Overlay;

/// <summary>The options of one overlay. Paths are absolute. <c>LayerChecks</c> checks that they fit together.</summary>
public sealed record OverlayOptions
{
    /// <summary>The largest number of lower layers: OVL_MAX_STACK of the kernel (fs/overlayfs/params.h).</summary>
    public const int MostLowers = 500;

    /// <summary>The lower layers, topmost first, as in lowerdir=.</summary>
    public required IReadOnlyList<string> LowerDirs { get; init; }

    /// <summary>The writable layer. Without one the mount is read-only.</summary>
    public string? UpperDir { get; init; }

    /// <summary>The directory for entries that are not yet renamed into the upper. Set whenever <see cref="UpperDir"/> is.</summary>
    public string? WorkDir { get; init; }

    /// <summary>
    /// True if overlay marks are user.overlay.* instead of trusted.overlay.*. Null: trusted if the daemon may write them. If not, user (a
    /// mount in a user namespace or of an ordinary user).
    /// </summary>
    public bool? UserXattr { get; init; }

    /// <summary>
    /// Lower layers that only hold data of metacopy files, below all others. Their trees are hidden (overlayfs.rst, "Data-only lower
    /// layers").
    /// </summary>
    public IReadOnlyList<string> DataDirs { get; init; } = [];

    /// <summary>The places of lower and data-only layers that <c>LayerChecks</c> has seen, by their paths. Others are looked for.</summary>
    public IReadOnlyDictionary<string, LayerSite> Sites { get; init; } = new Dictionary<string, LayerSite>();

    /// <summary>io=.</summary>
    public IoMode Io { get; init; }

    /// <summary>
    /// redirect_dir=. Null: the kind of marks decides. Redirects that any user can write are not followed (<c>MarkChecks</c>).
    /// </summary>
    public RedirectMode? Redirect { get; init; }

    /// <summary>metacopy=on: a change of metadata copies no data up, and metacopies in layers are followed.</summary>
    public bool Metacopy { get; init; }

    /// <summary>verity=: the use of fs-verity digests in metacopies.</summary>
    public VerityMode Verity { get; init; }

    /// <summary>index=on: a lower file with several links stays one file after copy-up.</summary>
    public bool Index { get; init; }

    /// <summary>
    /// nfs_export=on: inodes with a name are never forgotten, and every copy-up is indexed. With an upper it needs <see cref="Index"/>.
    /// </summary>
    public bool NfsExport { get; init; }

    /// <summary>xino=on: the lower layers stay the same at later mounts (ovl_allow_offline_changes).</summary>
    public bool KeepsLowers { get; init; }

    /// <summary>uuid=.</summary>
    public UuidMode Uuid { get; init; }

    /// <summary>Nothing is ever synced to disk. A crash loses the upper (overlayfs.rst, "Volatile mount").</summary>
    public bool Volatile { get; init; }

    /// <summary>fsync=.</summary>
    public FsyncMode Fsync { get; init; }

    /// <summary>True if data are synced to disk.</summary>
    public bool Syncs => !Volatile && Fsync != FsyncMode.Off;

    /// <summary>User ids on disk and in the mount. Empty: they are the same. No two ranges overlap.</summary>
    public IReadOnlyList<IdRange> UidMap { get; init; } = [];

    /// <summary>Group ids on disk and in the mount. Empty: they are the same. No two ranges overlap.</summary>
    public IReadOnlyList<IdRange> GidMap { get; init; } = [];

    /// <summary>Owner that all files show, before any map.</summary>
    public uint? SquashUid { get; init; }

    /// <summary>Group that all files show, before any map.</summary>
    public uint? SquashGid { get; init; }

    /// <summary>The place of owners and modes of files in the upper.</summary>
    public XattrPermissions XattrPermissions { get; init; }

    /// <summary>
    /// Files ".wh.NAME" in the upper mark deletions, and files ".wh..wh..opq" mark opaque directories, as in AUFS. If false, such files in
    /// the upper are ordinary files.
    /// </summary>
    public bool AufsWhiteouts { get; init; }

    /// <summary>Directories always show one link.</summary>
    public bool StaticNlink { get; init; }

    /// <summary>The kernel does not enforce POSIX ACLs. Programs can still read and write them.</summary>
    public bool NoAcl { get; init; }

    /// <summary>Programs get EOPNOTSUPP for every extended attribute.</summary>
    public bool NoXattrs { get; init; }

    /// <summary>True if the kernel is not to enforce POSIX ACLs.</summary>
    public bool IgnoresAcls => NoAcl || NoXattrs;

    /// <summary>noatime: reading also leaves the access times of the upper alone, if the daemon may clone its mount.</summary>
    public bool NoAccessTimes { get; init; }

    /// <summary>The mount is read-only although it has an upper.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>The time for which the kernel keeps names and attributes. It is long because only the daemon changes the layers.</summary>
    public TimeSpan CacheTimeout { get; init; } = TimeSpan.FromDays(10000);

    /// <summary>The same for names that exist. Null: <see cref="CacheTimeout"/>.</summary>
    public TimeSpan? EntryTimeout { get; init; }

    /// <summary>The same for attributes.</summary>
    public TimeSpan? AttributeTimeout { get; init; }

    /// <summary>The same for names that do not exist.</summary>
    public TimeSpan? NegativeTimeout { get; init; }

    /// <summary>The kernel drops a file's content from its cache when size or time have changed in the layer.</summary>
    public bool AutoCache { get; init; }

    /// <summary>The kernel caches no content: every read and write is a request.</summary>
    public bool DirectIo { get; init; }

    /// <summary>
    /// The first write to a large file does not wait for the whole copy, which reaches the upper later. Until the daemon has ended or the
    /// file was synced, other programs must not read the upper.
    /// </summary>
    public bool IncrementalCopyUp { get; init; }

    /// <summary>
    /// The kernel may keep written data and send them later. Every open becomes a request. On a read-only mount it has no effect.
    /// </summary>
    public bool WriteBack { get; init; }

    /// <summary>Inode numbers have 32 bits, for programs without room for more.</summary>
    public bool ShortInos { get; init; }

    /// <summary>False for timeout=0: other programs change the layers, so every open reads contents and listings again.</summary>
    public bool IsCaching => CacheTimeout > TimeSpan.Zero;

    /// <summary>Gets errors that belong to no request. Null: they are dropped.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>The last messages, for users that ask the live mount. Null: none are kept.</summary>
    public DaemonEvents? Events { get; init; }

    /// <summary>
    /// True if no option asks for a look at the layers from time to time. Facts about the lower layers then stay true once they are known.
    /// </summary>
    public bool LayersAreOurs =>
        CacheTimeout >= TimeSpan.FromDays(1)
        && (EntryTimeout ?? CacheTimeout) >= TimeSpan.FromDays(1)
        && (NegativeTimeout ?? CacheTimeout) >= TimeSpan.FromDays(1);

    /// <summary>True if programs can write through the mount.</summary>
    public bool IsWritable => UpperDir is not null && !ReadOnly;
}
