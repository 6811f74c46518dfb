using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Fuse;

/// <summary>
/// What kernel and file system agree on at INIT. The file system may change it in <see cref="IFuseFileSystem.Init"/> only.
/// </summary>
public sealed class FuseNegotiation
{
    private const InitFlags FlagsWithoutExt = (InitFlags)uint.MaxValue;

    internal FuseNegotiation(InitIn kernel, uint maxWrite, FuseNotifier notifier, FuseBackingFiles backingFiles)
    {
        ProtocolMinor = Math.Min(kernel.Minor, Wire.NewestMinor);
        Offered = (InitFlags)kernel.Flags;
        if (Offered.HasFlag(InitFlags.InitExt))
            Offered |= (InitFlags)((ulong)kernel.Flags2 << 32);
        MaxReadahead = kernel.MaxReadahead;
        MaxWrite = MaxWriteLimit = maxWrite;
        Notifier = notifier;
        BackingFiles = backingFiles;
    }

    /// <summary>
    /// What is wanted unless the file system says otherwise: all that saves round trips and needs nothing but correct operations. Not
    /// ASYNC_DIO: when an asynchronous direct write ends, the kernel drops no pages (generic_file_direct_write does, before it can know),
    /// and buffered reads go on showing old data.
    /// </summary>
    public const InitFlags DefaultWanted =
        InitFlags.AsyncRead | InitFlags.AtomicOTrunc | InitFlags.ExportSupport | InitFlags.BigWrites | InitFlags.DontMask |
        InitFlags.HasIoCtlDir | InitFlags.DoReadDirPlus | InitFlags.ReadDirPlusAuto | InitFlags.ParallelDirOps |
        InitFlags.PosixAcl | InitFlags.MaxPages | InitFlags.CacheSymLinks | InitFlags.ExplicitInvalData | InitFlags.HandleKillPrivV2 |
        InitFlags.SetXattrExt | InitFlags.InitExt | InitFlags.CreateSuppGroup | InitFlags.HasExpireOnly;

    /// <summary>The minor version that both speak, 31 to 45.</summary>
    public uint ProtocolMinor { get; }

    /// <summary>What the kernel offers.</summary>
    public InitFlags Offered { get; }

    /// <summary>What the file system wants; more than is offered does no harm.</summary>
    public InitFlags Wanted { get; set; } = DefaultWanted;

    /// <summary>What holds from INIT on: offered, wanted and without what excludes each other.</summary>
    public InitFlags Granted
    {
        get
        {
            InitFlags granted = Offered & Wanted;
            if (!granted.HasFlag(InitFlags.InitExt))
                granted &= FlagsWithoutExt;
            if (!granted.HasFlag(InitFlags.DoReadDirPlus))
                granted &= ~InitFlags.ReadDirPlusAuto;
            if (granted.HasFlag(InitFlags.AutoInvalData)) // the kernel would let it win over EXPLICIT
                granted &= ~InitFlags.ExplicitInvalData;
            if (granted.HasFlag(InitFlags.Passthrough)) // the kernel refuses both together
                granted &= ~InitFlags.WritebackCache;
            return granted;
        }
    }

    /// <summary>Most readahead, bytes; as the kernel offers unless lowered.</summary>
    public uint MaxReadahead { get; set; }

    /// <summary>Most bytes in one READ or WRITE; at most <see cref="MaxWriteLimit"/>, 4 KiB or more.</summary>
    public uint MaxWrite { get; set; }

    /// <summary>What the workers' buffers hold.</summary>
    public uint MaxWriteLimit { get; }

    /// <summary>
    /// Most background requests (readahead, asynchronous I/O, write-back) at a time; the kernel lowers it for ordinary users. When there
    /// are so many, all reading waits: those that hang in one place must not come near it.
    /// </summary>
    public ushort MaxBackground { get; set; } = 4096;

    /// <summary>Background requests above which the kernel reads less ahead and puts writing back off.</summary>
    public ushort CongestionThreshold { get; set; } = 3072;

    /// <summary>Granularity of time stamps, nanoseconds.</summary>
    public uint TimeGranularity { get; set; } = 1;

    /// <summary>
    /// With PASSTHROUGH: stacking depth of this file system, 1 or 2; backing files must be on one of a lower depth. 1 leaves it fit to be a
    /// layer of the kernel's overlayfs.
    /// </summary>
    public uint MaxStackDepth { get; set; }

    /// <summary>Tells the kernel what changed behind its back.</summary>
    public FuseNotifier Notifier { get; }

    /// <summary>With PASSTHROUGH: registers the files that the kernel may read and write itself.</summary>
    public FuseBackingFiles BackingFiles { get; }

    /// <summary>Whether a feature, or all of several, was granted.</summary>
    /// <param name="feature">The feature.</param>
    public bool HasFeature(InitFlags feature) => (Granted & feature) == feature;

    internal InitOut ToReply()
    {
        InitFlags granted = Granted;
        uint maxWrite = Math.Clamp(MaxWrite, Wire.PageSize, MaxWriteLimit);
        return new InitOut
        {
            Major = Wire.Major,
            Minor = ProtocolMinor,
            MaxReadahead = MaxReadahead,
            Flags = (uint)granted,
            Flags2 = (uint)((ulong)granted >> 32),
            MaxBackground = MaxBackground,
            CongestionThreshold = CongestionThreshold,
            MaxWrite = maxWrite,
            TimeGran = TimeGranularity,
            MaxPages = (ushort)(maxWrite / Wire.PageSize),
            MaxStackDepth = granted.HasFlag(InitFlags.Passthrough) ? MaxStackDepth : 0,
        };
    }
}
