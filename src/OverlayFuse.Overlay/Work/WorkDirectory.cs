using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Work;

/// <summary>
/// The directory "work" in workdir, where entries are made ready before they are renamed into the upper layer. Emptied at mount and at
/// unmount, as the kernel does (ovl_workdir_create); what a crash leaves is never seen in the merged view.
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
        Whiteout = new Whiteout(this);
        _syncs = options.Syncs;
        _keepsOrder = _syncs && options.Fsync == FsyncMode.Auto && WriteOrder.IsKept(work);
    }

    /// <summary>The directory itself, for *at calls.</summary>
    public Fd Fd { get; }

    public Whiteout Whiteout { get; }

    /// <summary>FICLONE was refused: its file system has none.</summary>
    public volatile bool HasNoReflinks;

    /// <summary>O_TMPFILE was refused.</summary>
    public volatile bool HasNoUnnamedFiles;

    private static Name WorkName => new("work\0"u8);

    private static Name Incompat => new("incompat\0"u8);

    /// <summary>Empties and opens it.</summary>
    /// <param name="base">The directory that workdir= names.</param>
    /// <param name="xattrs">Which private names are used.</param>
    /// <param name="options">Volatile leaves the mark that refuses the next mount: nobody knows what reached the disk (ovl_create_volatile_dirty).</param>
    /// <exception cref="IOException">What is left there cannot be removed.</exception>
    public static WorkDirectory Open(Layer @base, OverlayXattr xattrs, OverlayOptions options)
    {
        Require(@base, TreeRemover.Remove(@base.Root.Fd, WorkName));
        uint mode = ModeFor(xattrs);
        Require(@base, Sys.MkDirAt(@base.Root.Fd, WorkName, mode));
        Require(@base, Sys.OpenAt(@base.Root.Fd, WorkName, OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow, out Fd work));
        if (options.Volatile)
            Require(@base, MarkVolatile(work, mode));
        return new WorkDirectory(@base, work, options);
    }

    /// <summary>Nobody but us; mode 0 needs CAP_DAC_OVERRIDE.</summary>
    public static uint ModeFor(OverlayXattr xattrs) => xattrs.IsUser && Sys.EffectiveUid != 0 ? 0x1C0u : 0;

    /// <summary>A name that nothing has yet.</summary>
    public byte[] NextName() =>
        Name.From(string.Create(CultureInfo.InvariantCulture, $"#{Interlocked.Increment(ref _counter):x}")).ToArray();

    /// <summary>Begins what <see cref="Persist"/> waits for.</summary>
    public void BeginToPersist(Fd file)
    {
        if (_syncs)
            _ = Sys.BeginToWriteOut(file); // an error is met again by who waits
    }

    /// <summary>Sees to it that a crash finds the data of a file if it finds the name that the file gets hereafter. Waits for the disk.</summary>
    public Errno Persist(Fd file)
    {
        if (!_syncs)
            return Errno.None;
        Errno error = _keepsOrder ? Sys.WriteOut(file) : Errno.EOPNOTSUPP;
        return error is Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.EPERM ? Sys.FSync(file) : error; // the last two: a seccomp filter
    }

    /// <summary>Removes what is in it, but for marks that refuse the next mount; at the end of this one.</summary>
    public void Clear() => _ = TreeRemover.RemoveContent(Fd, Incompat); // the next mount does it again

    public void Dispose() => Sys.Close(Fd);

    private static Errno MarkVolatile(Fd work, uint mode)
    {
        Name mark = new("incompat/volatile\0"u8);
        if (Sys.MkDirAt(work, Incompat, mode) is not Errno.None and var error)
            return error;
        if (Sys.MkDirAt(work, mark, mode) is not Errno.None and var failed)
            return failed;
        return Sys.MkNodAt(work, new Name("incompat/volatile/dirty\0"u8), (uint)FileType.Regular, 0);
    }

    private static void Require(Layer @base, Errno error)
    {
        if (error != Errno.None)
            throw new IOException($"workdir={@base.Path}: cannot make its directory 'work' ready: {error}; remove {@base.Path}/work or name another workdir");
    }
}
