using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Fuse;

/// <summary>The features and limits of a session. The file system may change them in <see cref="IFuseFileSystem.Init"/> only.</summary>
public sealed class FuseNegotiation
{
    private const InitFlags FlagsWithoutExt = (InitFlags)uint.MaxValue;

    private readonly uint _pageSize;

    internal FuseNegotiation(InitIn kernel, KernelLimits limits, int maxWrite, FuseNotifier notifier, FuseBackingFiles backingFiles)
    {
        _pageSize = (uint)limits.PageSize;
        ProtocolMinor = Math.Min(kernel.Minor, Wire.NewestMinor);
        Offered = (InitFlags)kernel.Flags;
        if (Offered.HasFlag(InitFlags.InitExt))
            Offered |= (InitFlags)((ulong)kernel.Flags2 << 32);
        MaxReadahead = kernel.MaxReadahead;
        MaxWrite = MaxWriteLimit = (uint)limits.MaxWrite(maxWrite);
        Notifier = notifier;
        BackingFiles = backingFiles;
    }

    /// <summary>
    /// The features that are wanted unless the file system says otherwise: all that save round trips and need nothing but correct
    /// operations. ASYNC_DIO is not among them: when an asynchronous direct write ends, the kernel drops no pages
    /// (generic_file_direct_write drops them before the end), and buffered reads go on showing old data.
    /// </summary>
    public const InitFlags DefaultWanted =
        InitFlags.AsyncRead | InitFlags.AtomicOTrunc | InitFlags.ExportSupport | InitFlags.BigWrites | InitFlags.DontMask |
        InitFlags.HasIoCtlDir | InitFlags.DoReadDirPlus | InitFlags.ReadDirPlusAuto | InitFlags.ParallelDirOps |
        InitFlags.PosixAcl | InitFlags.MaxPages | InitFlags.CacheSymLinks | InitFlags.ExplicitInvalData | InitFlags.HandleKillPrivV2 |
        InitFlags.SetXattrExt | InitFlags.InitExt | InitFlags.CreateSuppGroup | InitFlags.HasExpireOnly;

    /// <summary>The minor version that kernel and library speak, 31 to 45.</summary>
    public uint ProtocolMinor { get; }

    /// <summary>The features that the kernel offers.</summary>
    public InitFlags Offered { get; }

    /// <summary>The features that the file system wants. Those that are not offered are ignored.</summary>
    public InitFlags Wanted { get; set; } = DefaultWanted;

    /// <summary>The features that hold from INIT on: offered, wanted, and without those that exclude each other.</summary>
    public InitFlags Granted
    {
        get
        {
            InitFlags granted = Offered & Wanted;
            if (!granted.HasFlag(InitFlags.InitExt))
                granted &= FlagsWithoutExt;
            if (!granted.HasFlag(InitFlags.DoReadDirPlus))
                granted &= ~InitFlags.ReadDirPlusAuto;
            // With both, the kernel uses AUTO_INVAL_DATA.
            if (granted.HasFlag(InitFlags.AutoInvalData))
                granted &= ~InitFlags.ExplicitInvalData;
            // The kernel refuses both together.
            if (granted.HasFlag(InitFlags.Passthrough))
                granted &= ~InitFlags.WritebackCache;
            return granted;
        }
    }

    /// <summary>The most readahead in bytes; the offer of the kernel unless lowered.</summary>
    public uint MaxReadahead { get; set; }

    /// <summary>The most bytes in one READ or WRITE; at most <see cref="MaxWriteLimit"/>, a page or more.</summary>
    public uint MaxWrite { get; set; }

    /// <summary>The data size of the workers' buffers.</summary>
    public uint MaxWriteLimit { get; }

    /// <summary>
    /// The most background requests (readahead, asynchronous I/O, write-back) at a time. The kernel lowers it for ordinary users. At this
    /// number all reading waits, so it must be far above the number of requests that can hang in one place.
    /// </summary>
    public ushort MaxBackground { get; set; } = 4096;

    /// <summary>The number of background requests above which the kernel reads less ahead and delays write-back.</summary>
    public ushort CongestionThreshold { get; set; } = 3072;

    /// <summary>The granularity of time stamps, in nanoseconds.</summary>
    public uint TimeGranularity { get; set; } = 1;

    /// <summary>
    /// With PASSTHROUGH: the stacking depth of this file system, 1 or 2. Backing files must be on a file system of a lower depth. With 1,
    /// the mount can be a layer of the kernel's overlayfs.
    /// </summary>
    public uint MaxStackDepth { get; set; }

    /// <summary>Tells the kernel what changed behind its back.</summary>
    public FuseNotifier Notifier { get; }

    /// <summary>With PASSTHROUGH: registers the files that the kernel may read and write itself.</summary>
    public FuseBackingFiles BackingFiles { get; }

    /// <summary>True if a feature, or each of several, is granted.</summary>
    /// <param name="feature">The feature.</param>
    public bool HasFeature(InitFlags feature) => (Granted & feature) == feature;

    internal InitOut ToReply()
    {
        InitFlags granted = Granted;
        uint maxWrite = Math.Clamp(MaxWrite, _pageSize, MaxWriteLimit);
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
            MaxPages = (ushort)(maxWrite / _pageSize),
            MaxStackDepth = granted.HasFlag(InitFlags.Passthrough) ? MaxStackDepth : 0,
        };
    }
}
