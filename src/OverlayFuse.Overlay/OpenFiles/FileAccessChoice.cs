using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// Picks the way of file access at INIT, and the features of FUSE that it needs. No other request comes before INIT has ended.
/// </summary>
internal sealed class FileAccessChoice
{
    /// <summary>Stacking depth of the mount. A layer's is 0, and the kernel's overlayfs (at most 2) can still lie on top.</summary>
    private const uint StackDepth = 1;

    /// <summary>
    /// 7.44 (Linux 6.16): the kernel reads listings in pieces as large as the program's buffer. Before, it reads them by the page, and an
    /// entry of READDIRPLUS takes four times as much room as one of READDIR.
    /// </summary>
    private const uint MinorOfLargeListings = 44;

    private readonly MergedView _view;
    private readonly KernelCaching _caching;
    private readonly OpenDescriptors _descriptors;

    /// <param name="view">The merged view.</param>
    /// <param name="idleFiles">The files that no client is known to have open.</param>
    /// <param name="caching">The caching that the options allow.</param>
    public FileAccessChoice(MergedView view, FileCache idleFiles, KernelCaching caching)
    {
        _view = view;
        _caching = caching;
        _descriptors = new OpenDescriptors(view, idleFiles);
        Current = new HandleAccess(view, _descriptors, caching);
    }

    /// <summary>The way that was picked; before INIT, that of io=open.</summary>
    public IFileAccess Current { get; private set; }

    /// <summary>Why INIT was refused; null if it was not.</summary>
    public string? Refusal { get; private set; }

    /// <summary>INIT.</summary>
    /// <returns>EOPNOTSUPP if the options ask for passthrough and the kernel has none; see <see cref="Refusal"/>.</returns>
    public Errno Negotiate(FuseNegotiation session)
    {
        if (_view.Options.Io == IoMode.Passthrough && !session.Offered.HasFlag(InitFlags.Passthrough))
        {
            Refusal = "option io=passthrough: this kernel has no FUSE passthrough (Linux 6.9 with CONFIG_FUSE_PASSTHROUGH); write io=auto";
            return Errno.EOPNOTSUPP;
        }
        Current = Pick(session);
        ChooseFeatures(session);
        return Errno.None;
    }

    private IFileAccess Pick(FuseNegotiation session)
    {
        if (_view.Options.Io == IoMode.Passthrough)
        {
            session.Wanted |= InitFlags.Passthrough;
            session.MaxStackDepth = StackDepth;
            return new PassthroughAccess(_view, _descriptors, _caching, session.BackingFiles);
        }
        if (_view.IsWritable && _view.Options.WriteBack)
            session.Wanted |= InitFlags.WritebackCache;
        if (session.HasFeature(InitFlags.WritebackCache))
            return new WriteBackAccess(_view, _descriptors, _caching);
        if (!MayBeStateless(session))
            return new HandleAccess(_view, _descriptors, _caching);
        // A truncation must be told, because the open is not.
        session.Wanted &= ~InitFlags.AtomicOTrunc;
        return new StatelessAccess(_view, _descriptors, _caching);
    }

    private void ChooseFeatures(FuseNegotiation session)
    {
        // AllowIdMap needs default_permissions, which all mounts of this program have.
        session.Wanted |= InitFlags.AllowIdMap;
        // Each listing comes as READDIRPLUS, and Priming says which entries have attributes.
        if (_caching.CachesListings && session.ProtocolMinor >= MinorOfLargeListings)
            session.Wanted &= ~InitFlags.ReadDirPlusAuto;
        if (_view.Options.IgnoresAcls)
            session.Wanted &= ~InitFlags.PosixAcl;
        if (_view.Options.AutoCache)
            session.Wanted = (session.Wanted & ~InitFlags.ExplicitInvalData) | InitFlags.AutoInvalData;
        if (_view.Options.DirectIo)
            session.Wanted |= InitFlags.DirectIoAllowMMap;
    }

    /// <summary>
    /// True if no open needs an answer: all are cached alike, nothing is to be checked, and every file can be opened later too.
    /// </summary>
    private bool MayBeStateless(FuseNegotiation session) =>
        _view.Options is { IsCaching: true, AutoCache: false, DirectIo: false, Verity: VerityMode.Off }
        && session.Offered.HasFlag(InitFlags.NoOpenSupport)
        && (_view.Options.Io == IoMode.Stateless || (_view.Options.Io == IoMode.Auto && CallerProcess.MayOpenAnything));
}
