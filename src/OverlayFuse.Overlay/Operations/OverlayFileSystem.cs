using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// The merged view of a stack of layers, as a FUSE file system. A part per family of operations: Lookup, Attributes, Create, Remove,
/// Rename, Link, File, Directory, Xattr, StatFs.
/// <para>Lock order, outermost first; a lock is never taken while one further down is held:</para>
/// <list type="number">
/// <item>the live lock: one change of the stack of layers at a time;</item>
/// <item>an <see cref="OpenDirectory"/>: its listing;</item>
/// <item>an <see cref="Inode"/> itself: its one copier (<see cref="CopyUp"/>); a parent's is released before its child's is taken;</item>
/// <item>the open locks: the descriptors of an <see cref="OpenFile"/>;</item>
/// <item><see cref="DirectoryNode"/>: the names in a directory; of two, the lower node number first (<see cref="NamesChange"/>);</item>
/// <item><see cref="IndexEntry"/>, <see cref="Whiteout"/>;</item>
/// <item>the leaves, never held over a system call: <see cref="InodeTable"/>, <see cref="DirectoryCache"/>, <see cref="FileCache"/>,
/// <see cref="FileCloser"/>, <see cref="InoMapper"/>.</item>
/// </list>
/// </summary>
public sealed partial class OverlayFileSystem : IFuseFileSystem, IDisposable
{
    /// <summary>NAME_MAX: longer names are not there and cannot be made.</summary>
    internal const int NameMax = 255;

    private readonly LayerStack _layers;
    private readonly InodeTable _inodes;
    private readonly DirectoryCache _directories;
    private readonly InoMapper _inos;
    private readonly OverlayXattr _xattrs;
    private readonly Origin _origin;
    private readonly RealFiles _files;
    private readonly WorkDirectory? _work;
    private readonly CopyUp? _copyUp;
    private readonly LinkIndex? _index;
    private readonly HandleTable<OpenDirectory> _openDirectories = new();
    private readonly OverlayOptions _options;
    private FuseNotifier? _notifier;
    private bool _isClosed;

    private OverlayFileSystem(OverlayOptions options, LayerStack layers)
    {
        _options = options;
        _layers = layers;
        _inos = new InoMapper(options.ShortInos);
        _overrides = StatOverrides.Open(layers, options);
        _ids = ShownIds.Of(options);
        IdMapped = IdMappedLayers.Of(layers, _ids);
        _xattrs = new OverlayXattr(options.UserXattr ?? !MayUseTrusted(layers)) { HidesOverrides = _overrides is not null };
        _directories = new DirectoryCache(layers, DirectoryDescriptorLimit());
        _idleFiles = CacheOf(layers);
        _reserve = new DescriptorReserve(_directories, _idleFiles, layers.Lowers.Count + layers.DataLayers.Count);
        Sys.OnNoDescriptors = _reserve.Relieve;
        Redirect = new Redirect(_xattrs, options.Redirect);
        Metacopy = new Metacopy(_xattrs, options);
        _inodes = new InodeTable(MakeRoot(layers, _xattrs), layers.Upper?.RootIno ?? 0) { KeepsNamed = options.NfsExport };
        foreach (Layer layer in layers.UpperFirst)
            _ = _inos.Map(layer.Dev, layer.RootIno); // file systems are numbered by their layers' order, not by what is looked at first: the same at the next mount
        _inodes.Root.Ino = _inos.Map(layers.Lowers[0].Dev, layers.Lowers[0].RootIno);
        _origin = new Origin(layers, _inos, _xattrs, options.Index);
        bool isWritable = layers.Work is not null && options.IsWritable;
        _index = isWritable && options.Index ? LinkIndex.Open(layers, _xattrs, options.NfsExport) : null;
        _files = new RealFiles(layers, _directories, _overrides) { IdMapped = IdMapped, Index = _index?.Directory, Verifier = Metacopy.IsVerified ? Metacopy : null };
        if (!isWritable)
            return;
        _work = WorkDirectory.Open(layers.Work!, _xattrs, options);
        OverlayUuid.WriteTo(layers.Upper!, _xattrs, options.Uuid);
        _copyUp = new CopyUp(this, _work);
    }

    /// <summary>Opens the layers and empties the work directory; nothing is mounted yet.</summary>
    /// <param name="options">What the overlay is made of, already checked.</param>
    /// <exception cref="IOException">A layer cannot be opened, or work cannot be emptied; the text names it.</exception>
    /// <exception cref="MountRefusedException">An option asks for what cannot be had here.</exception>
    public static OverlayFileSystem Create(OverlayOptions options)
    {
        _ = Sys.UMask(0); // modes are what the caller and the default ACLs say
        LayerStack layers = LayerStack.Open(options);
        try
        {
            RequirePassthrough(options, layers);
            return new OverlayFileSystem(options, layers);
        }
        catch
        {
            layers.Dispose();
            throw;
        }
    }

    internal InodeTable Inodes => _inodes;

    internal DirectoryCache Directories => _directories;

    internal OverlayXattr Xattrs => _xattrs;

    internal Origin Origin => _origin;

    internal Redirect Redirect { get; }

    internal Metacopy Metacopy { get; }

    internal RealFiles Files => _files;

    internal LinkIndex? Index => _index;

    internal LayerStack Layers => _layers;

    internal OverlayOptions Options => _options;

    /// <inheritdoc/>
    public Errno Init(FuseNegotiation session)
    {
        _notifier = session.Notifier;
        if (_options.Io == IoMode.Passthrough && EnablePassthrough(session) is not Errno.None and var refused)
            return refused;
        ChooseFeatures(session);
        _tellsSetGid = session.HasFeature(InitFlags.SetXattrExt);
        _isAllocationUntold = session.ProtocolMinor < 37;
        return Errno.None;
    }

    /// <summary>Called when the mount is gone, before its last work is done.</summary>
    public Action? OnEnding { get; set; }

    /// <summary>Called when all is done and the layers are closed.</summary>
    public Action? OnEnded { get; set; }

    /// <inheritdoc/>
    public void Destroy()
    {
        OnEnding?.Invoke();
        _copyUp?.FinishAll();
        _work?.Clear();
        Dispose(); // at once: whoever has unmounted goes on to unmount the disk
        OnEnded?.Invoke();
    }

    /// <summary>Closes the layers. Can be called twice.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isClosed, true))
            return;
        if (ReferenceEquals(Sys.OnNoDescriptors?.Target, _reserve))
            Sys.OnNoDescriptors = null;
        while (_directories.TryShrink())
        {
        }
        _ = _idleFiles.TryCloseAll(); // there may be none
        _inodes.Clear();
        _idleFiles.AwaitClosed();
        _work?.Dispose();
        _index?.Dispose();
        _layers.Dispose();
    }

    /// <summary>Tells the kernel that attributes have changed as a side effect of a request that was about something else.</summary>
    internal void InvalidateAttributes(Inode inode)
    {
        if (_notifier is not null)
            _ = _notifier.InvalidateAttributes(inode.Id); // ENOENT: the kernel has nothing cached
    }

    /// <summary>Drops the kernel's cached listing of a directory: a number in it has changed.</summary>
    internal void InvalidateListing(Inode directory)
    {
        if (_notifier is not null)
            _ = _notifier.InvalidateInode(directory.Id, 0, 0); // likewise
    }

    private static DirectoryNode MakeRoot(LayerStack layers, OverlayXattr xattrs)
    {
        int count = 1;
        while (count < layers.Lowers.Count && !IsAufsOpaque(layers.Lowers[count - 1]))
            count++;
        foreach (Layer layer in layers.Lowers)
            LookForXattrWhiteouts(layer, xattrs);
        return new DirectoryNode(RootParts(layers, [.. Enumerable.Range(0, count).Select(layer => (ushort)layer)]));
    }

    private static void LookForXattrWhiteouts(Layer layer, OverlayXattr xattrs) => layer.HasXattrWhiteouts =
        Opaque.Read(xattrs, layer.Root.Fd, Name.Empty, out OpaqueMark mark) == Errno.None && mark == OpaqueMark.HasXattrWhiteouts;

    private static LowerParts RootParts(LayerStack layers, ushort[] numbers)
    {
        var parts = new LowerParts(numbers) { HasXattrWhiteouts = numbers.Any(number => layers.Lowers[number].HasXattrWhiteouts) };
        parts.Descriptors[0] = layers.Upper?.Root;
        for (int index = 0; index < numbers.Length; index++)
            parts.Descriptors[index + 1] = layers.Lowers[numbers[index]].Root;
        return parts;
    }

    /// <summary>A layer that hides all below it. The xattr means nothing on a layer's root, as in the kernel.</summary>
    private static bool IsAufsOpaque(Layer layer) =>
        Opaque.IsMarkedByAufs(layer.Root.Fd, out bool opaque) == Errno.None && opaque;

    /// <summary>
    /// trusted.* needs CAP_SYS_ADMIN in the first user namespace. Removing one that is not there tells, without a trace.
    /// </summary>
    private static bool MayUseTrusted(LayerStack layers) =>
        layers.Work is { } work
            ? Sys.RemoveXattrAt(work.Root.Fd, Name.Empty, Name.From("trusted.overlay.probe")) is not (Errno.EPERM or Errno.EACCES)
            : UserNamespace.IsRootOfFirst();

    /// <summary>A quarter of what the process may open, so that files have the rest.</summary>
    private static int DirectoryDescriptorLimit() => (int)Math.Clamp(Sys.OpenFilesLimit / 4, 8, 16384);
}
