using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Work;

/// <summary>
/// The directory "work" in workdir. Entries are made ready in it before they are renamed into the upper layer. Mount and unmount empty it,
/// as the kernel does (ovl_workdir_create). The merged view never shows the leavings of a crash.
/// </summary>
internal sealed class WorkDirectory : IDisposable
{
    private readonly Layer _base;
    private readonly bool _syncs, _keepsOrder;
    private long _counter;

    private WorkDirectory(Layer @base, Fd work, OverlayOptions options)
    {
        _base = @base;
        Fd = work;
        _syncs = options.Syncs;
        _keepsOrder = _syncs && options.Fsync == FsyncMode.Auto && WriteOrder.IsKept(work);
    }

    /// <summary>The directory itself, for *at calls.</summary>
    public Fd Fd { get; }

    /// <summary>FICLONE was refused: the file system has no reflinks.</summary>
    public volatile bool HasNoReflinks;

    /// <summary>O_TMPFILE was refused: the file system has no files without a name.</summary>
    public volatile bool HasNoUnnamedFiles;

    private static Name WorkName => new("work\0"u8);

    private static Name Incompat => new("incompat\0"u8);

    /// <summary>Empties and opens the directory.</summary>
    /// <param name="base">The directory of option workdir=.</param>
    /// <param name="hasUserXattrs">The marks are xattrs user.overlay.*.</param>
    /// <param name="options">
    /// Volatile leaves a mark that refuses the next mount, because data may be missing on the disk (ovl_create_volatile_dirty).
    /// </param>
    /// <exception cref="IOException">An old entry cannot be removed.</exception>
    public static WorkDirectory Open(Layer @base, bool hasUserXattrs, OverlayOptions options)
    {
        Require(@base, TreeRemover.Remove(@base.Root.Fd, WorkName));
        uint mode = ModeFor(hasUserXattrs);
        Require(@base, Sys.MkDirAt(@base.Root.Fd, WorkName, mode));
        Require(@base, Sys.OpenAt(@base.Root.Fd, WorkName, OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow, out Fd work));
        if (options.Volatile)
            Require(@base, MarkVolatile(work, mode));
        return new WorkDirectory(@base, work, options);
    }

    /// <summary>The mode that shuts other users out. Mode 0 needs CAP_DAC_OVERRIDE.</summary>
    public static uint ModeFor(bool hasUserXattrs) => hasUserXattrs && Sys.EffectiveUid != 0 ? Permissions.OwnerAll : 0;

    /// <summary>A new name.</summary>
    public byte[] NextName() =>
        Name.From(string.Create(CultureInfo.InvariantCulture, $"#{Interlocked.Increment(ref _counter):x}")).ToArray();

    /// <summary>Begins the write-out that <see cref="Persist"/> waits for.</summary>
    public void BeginToPersist(Fd file)
    {
        // Persist meets the error again.
        if (_syncs)
            _ = Sys.BeginToWriteOut(file);
    }

    /// <summary>Makes the data of a file survive a crash if the name survives that the file gets next. Waits for the disk.</summary>
    public Errno Persist(Fd file)
    {
        if (!_syncs)
            return Errno.None;
        Errno error = _keepsOrder ? Sys.WriteOut(file) : Errno.EOPNOTSUPP;
        // ENOSYS and EPERM come from a seccomp filter.
        return error is Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.EPERM ? Sys.FSync(file) : error;
    }

    /// <summary>
    /// Empties the directory at the end of the mount, except marks that refuse the next mount. If this fails, the next mount does it.
    /// </summary>
    public void Clear() => _ = TreeRemover.RemoveContent(Fd, Incompat);

    public void Dispose() => Sys.Close(Fd);

    private static Errno MarkVolatile(Fd work, uint mode)
    {
        Name mark = new("incompat/volatile\0"u8);
        Errno error;
        if ((error = Sys.MkDirAt(work, Incompat, mode)) != Errno.None)
            return error;
        if ((error = Sys.MkDirAt(work, mark, mode)) != Errno.None)
            return error;
        return Sys.MkNodAt(work, new Name("incompat/volatile/dirty\0"u8), (uint)FileType.Regular, 0);
    }

    private static void Require(Layer @base, Errno error)
    {
        if (error != Errno.None)
        {
            throw new IOException(
                $"workdir={@base.Path}: cannot make its directory 'work' ready: {error}; remove {@base.Path}/work or name another workdir");
        }
    }
}
