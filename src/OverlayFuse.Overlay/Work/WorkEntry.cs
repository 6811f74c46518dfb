using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Work;

/// <summary>
/// A temporary entry in the work directory. Removes itself, with all below it, unless it was committed: renamed away with nothing left
/// under its name.
/// </summary>
/// <param name="work">Where it is.</param>
/// <param name="name">Its name.</param>
internal ref struct WorkEntry(WorkDirectory work, byte[] name)
{
    private readonly byte[] _name = name;
    private Fd _file = Fd.None;
    private bool _isUnnamed, _done;

    /// <summary>One with a new name.</summary>
    public WorkEntry(WorkDirectory work)
        : this(work, work.NextName())
    {
    }

    /// <summary>With <see cref="Name"/>, where *at calls find it.</summary>
    public readonly Fd Directory => _isUnnamed ? _file : work.Fd;

    /// <summary>Its name; <see cref="Name.Empty"/> when it has none yet.</summary>
    public readonly Name Name => _isUnnamed ? Name.Empty : new(_name);

    /// <summary>
    /// Makes it a regular file: without a name where the file system can (O_TMPFILE), so that a crash leaves nothing, and one change of a
    /// directory less has to reach the disk.
    /// </summary>
    /// <param name="file">Open for reading and writing as long as this is.</param>
    public Errno MakeFile(out Fd file)
    {
        const uint ownerOnly = 0x180;
        Errno error = work.HasNoUnnamedFiles ? Errno.EOPNOTSUPP : Sys.OpenAt(work.Fd, Name.Dot, OpenFlags.TmpFile | OpenFlags.ReadWrite, out _file, ownerOnly);
        _isUnnamed = error == Errno.None;
        if (error is Errno.EOPNOTSUPP or Errno.EISDIR)
        {
            work.HasNoUnnamedFiles = true;
            error = Sys.OpenAt(work.Fd, Name, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow, out _file, ownerOnly);
        }
        file = _file;
        return error;
    }

    /// <summary>Opens it anew.</summary>
    public readonly Errno Open(OpenFlags flags, out Fd fd) =>
        _isUnnamed ? Sys.Reopen(_file, flags, out fd) : Sys.OpenAt(work.Fd, Name, flags | OpenFlags.NoFollow, out fd);

    /// <summary>Waits until its data are on the disk: before it is put in place. Only what <see cref="MakeFile"/> made has any.</summary>
    public readonly Errno Persist() => _file.IsOpen ? work.Persist(_file) : Errno.None;

    /// <summary>Puts it in place: replaces a non-directory there, unless it has no name itself; or stands where nothing was.</summary>
    public Errno MoveTo(Fd directory, Name name, RenameFlags flags = RenameFlags.None)
    {
        Errno error = _isUnnamed ? Sys.LinkFd(_file, directory, name) : Sys.RenameAt(work.Fd, Name, directory, name, flags);
        _done = error == Errno.None && (flags & RenameFlags.Exchange) == 0;
        return error;
    }

    /// <summary>Puts it in place and takes what was there, which then goes with this entry.</summary>
    public Errno ExchangeWith(Fd directory, Name name) => MoveTo(directory, name, RenameFlags.Exchange);

    /// <summary>Takes an entry out of the upper layer, to be removed with this one.</summary>
    public readonly Errno TakeFrom(Fd directory, Name name) => Sys.RenameAt(directory, name, work.Fd, Name);

    /// <summary>Lets it stay in the work directory.</summary>
    /// <returns>Its name.</returns>
    public byte[] Keep()
    {
        _done = true;
        return _name;
    }

    public readonly void Dispose()
    {
        if (_file.IsOpen)
            Sys.Close(_file);
        if (!_done && !_isUnnamed)
            _ = TreeRemover.Remove(work.Fd, Name); // what cannot be removed now is removed by the next mount
    }
}
