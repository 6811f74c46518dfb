using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Live;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// The merged view of a stack of layers, as a FUSE file system. Each part holds one family of operations and is called after it. The rooms
/// below do the work; this class has no state but them. src/ARCHITECTURE.md says in which order locks are taken.
/// </summary>
public sealed partial class OverlayFileSystem : IFuseFileSystem, IDisposable
{
    private readonly MergedView _view;
    private readonly FileAccessChoice _choice;
    private readonly KernelCaching _caching;
    private readonly FileCache _idleFiles;
    private readonly CopyUp? _copyUp;
    private readonly UpperAccess _upper;
    private readonly IndexedNames _indexed;
    private readonly Protections _protections;
    private readonly NewFiles _new;
    private readonly Replies _replies;
    private readonly Priming _priming;
    private readonly LiveNumbers _numbers;
    private readonly LiveStack _live;
    private IFileAccess _access;
    private bool _isClosed;

    private OverlayFileSystem(OverlayOptions options, LayerStack layers)
    {
        var directories = new DirectoryCache(layers, DirectoryDescriptorLimit());
        _idleFiles = CacheOf(layers);
        var reserve = new DescriptorReserve(directories, _idleFiles, layers.Lowers.Count + layers.DataLayers.Count);
        Sys.OnNoDescriptors = reserve.Relieve;
        _view = ViewAssembly.Assemble(options, layers, reserve, directories);
        _caching = new KernelCaching(options);
        _choice = new FileAccessChoice(_view, _idleFiles, _caching);
        _access = _choice.Current;
        _indexed = new IndexedNames(_view);
        _copyUp = _view.Work is { } work ? new CopyUp(_view, work, _choice, _indexed) : null;
        _upper = new UpperAccess(_view, _copyUp, _choice);
        _protections = new Protections(_view, _choice);
        _new = new NewFiles(_view);
        _replies = new Replies(_view, _choice, _caching);
        _priming = new Priming(_view, _caching);
        _numbers = new LiveNumbers(_view, _choice, _copyUp);
        _live = new LiveStack(_view, _choice, _copyUp, _numbers);
    }

    /// <summary>Opens the layers and empties the work directory; nothing is mounted yet.</summary>
    /// <param name="options">What the overlay is made of, already checked.</param>
    /// <exception cref="IOException">A layer cannot be opened, or work cannot be emptied; the text names it.</exception>
    /// <exception cref="MountRefusedException">An option asks for what cannot be had here.</exception>
    public static OverlayFileSystem Create(OverlayOptions options)
    {
        // The modes of new files are what the caller and the default ACLs say.
        _ = Sys.UMask(0);
        LayerStack layers = LayerStack.Open(options);
        try
        {
            PassthroughChecks.Require(options, layers);
            return new OverlayFileSystem(options, layers);
        }
        catch
        {
            layers.Dispose();
            throw;
        }
    }

    /// <summary>Why INIT was refused; null: it was not.</summary>
    public string? Refusal => _choice.Refusal;

    /// <summary>What io= has come to, from INIT on.</summary>
    public IoMode EffectiveIo => _access.EffectiveIo;

    /// <summary>The numbers of this moment.</summary>
    public LiveStatistics Statistics() => _numbers.Statistics();

    /// <summary>Options that the mount does not follow as they were written, a line each; <c>overlayfuse list -l</c> shows them.</summary>
    public string Notes
    {
        get => _numbers.Notes;
        set => _numbers.Notes = value;
    }

    /// <summary>True if io_uring carries the requests; <c>overlayfuse list</c> shows it.</summary>
    public bool UsesRing
    {
        get => _numbers.UsesRing;
        set => _numbers.UsesRing = value;
    }

    internal MergedView View => _view;

    /// <inheritdoc/>
    public Errno Init(FuseNegotiation session)
    {
        _view.Kernel.Attach(session.Notifier);
        Errno error;
        if ((error = _choice.Negotiate(session)) != Errno.None)
            return error;
        _access = _choice.Current;
        _tellsSetGid = session.HasFeature(InitFlags.SetXattrExt);
        _isAllocationUntold = session.ProtocolMinor < 37;
        _opensNoDirectories = _caching.CachesListings && session.Offered.HasFlag(InitFlags.NoOpenDirSupport);
        return Errno.None;
    }

    /// <summary>Releases what only the start needed. Call it when the caller of the mount no longer waits.</summary>
    public void ReleaseStart() => _view.Layers.Clones?.Dispose();

    /// <summary>Called when the mount is gone, before its last work is done.</summary>
    public Action? OnEnding { get; set; }

    /// <summary>Called when all is done and the layers are closed.</summary>
    public Action? OnEnded { get; set; }

    /// <inheritdoc/>
    public void Destroy()
    {
        OnEnding?.Invoke();
        _copyUp?.CompleteAll();
        _view.Work?.Clear();
        // At once: a script that has unmounted the view goes on to unmount the disk.
        Dispose();
        OnEnded?.Invoke();
    }

    /// <summary>
    /// Collects what programs have stored through mappings, and with writeback=1 what they wrote; completes copies. Each file is dropped
    /// from the page cache: syncfs(2) begins to send all of them, but waits for none of a FUSE mount (wait_sb_inodes, Linux 6.16).
    /// </summary>
    public void CollectUnwritten()
    {
        if (_copyUp is null)
            return;
        foreach (Inode inode in _view.Inodes.Snapshot())
        {
            if (inode is { Type: FileType.Regular, MayHavePages: true })
                _view.Kernel.InvalidateData(inode);
        }
        _copyUp.CompleteAll();
    }

    /// <summary>Closes the layers. Can be called twice.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isClosed, true))
            return;
        if (ReferenceEquals(Sys.OnNoDescriptors?.Target, _view.Reserve))
            Sys.OnNoDescriptors = null;
        while (_view.Directories.TryShrink())
        {
        }
        // There may be none.
        _ = _idleFiles.TryCloseAll();
        _view.Inodes.Clear();
        _idleFiles.AwaitClosed();
        _view.Work?.Dispose();
        _view.Index?.Dispose();
        _view.Layers.Dispose();
    }

    private static FileCache CacheOf(LayerStack layers)
    {
        int capacity = (int)Math.Clamp(Sys.OpenFilesLimit / 4, 8, 1024);
        return new FileCache(new FileClosers(layers, mostWaiting: capacity / 4), capacity);
    }

    /// <summary>A quarter of what the process may open, so that files have the rest.</summary>
    private static int DirectoryDescriptorLimit() => (int)Math.Clamp(Sys.OpenFilesLimit / 4, 8, 16384);
}
