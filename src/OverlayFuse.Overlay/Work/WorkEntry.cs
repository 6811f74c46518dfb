using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Work;

/// <summary>
/// A temporary entry in the work directory. Its disposal removes it with everything below it, unless it was committed: renamed away, with
/// nothing left under its name.
/// </summary>
/// <param name="work">The directory of the entry.</param>
/// <param name="name">Its name.</param>
internal ref struct WorkEntry(WorkDirectory work, byte[] name)
{
    private readonly byte[] _name = name;
    private Fd _file = Fd.None;
    private bool _isUnnamed, _done;

    /// <summary>An entry with a new name.</summary>
    public WorkEntry(WorkDirectory work)
        : this(work, work.NextName())
    {
    }

    /// <summary>The directory for *at calls, with <see cref="Name"/>.</summary>
    public readonly Fd Directory => _isUnnamed ? _file : work.Fd;

    /// <summary>The name for *at calls; <see cref="Name.Empty"/> if the entry has none yet.</summary>
    public readonly Name Name => _isUnnamed ? Name.Empty : new(_name);

    /// <summary>
    /// Makes a regular file. It has no name if the file system has O_TMPFILE: a crash then leaves nothing, and one change of a directory
    /// less has to reach the disk.
    /// </summary>
    /// <param name="file">The file, for reading and writing. The entry closes it.</param>
    public Errno MakeFile(out Fd file)
    {
        const OpenFlags unnamed = OpenFlags.TmpFile | OpenFlags.ReadWrite;
        const OpenFlags named = OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow;
        Errno error = work.HasNoUnnamedFiles ? Errno.EOPNOTSUPP
            : Sys.OpenAt(work.Fd, Name.Dot, unnamed, out _file, Permissions.OwnerReadWrite);
        _isUnnamed = error == Errno.None;
        if (error is Errno.EOPNOTSUPP or Errno.EISDIR)
        {
            work.HasNoUnnamedFiles = true;
            error = Sys.OpenAt(work.Fd, Name, named, out _file, Permissions.OwnerReadWrite);
        }
        file = _file;
        return error;
    }

    /// <summary>Opens the entry once more.</summary>
    public readonly Errno Open(OpenFlags flags, out Fd fd) =>
        _isUnnamed ? Sys.Reopen(_file, flags, out fd) : Sys.OpenAt(work.Fd, Name, flags | OpenFlags.NoFollow, out fd);

    /// <summary>
    /// Waits until the data are on the disk, before the entry is put in place. Only a file of <see cref="MakeFile"/> has data.
    /// </summary>
    public readonly Errno Persist() => _file.IsOpen ? work.Persist(_file) : Errno.None;

    /// <summary>
    /// Puts the entry in place. An entry with a name replaces a non-directory. An entry without a name takes a free name only.
    /// </summary>
    public Errno MoveTo(Fd directory, Name name, RenameFlags flags = RenameFlags.None)
    {
        Errno error = _isUnnamed ? Sys.LinkFd(_file, directory, name) : Sys.RenameAt(work.Fd, Name, directory, name, flags);
        _done = error == Errno.None && (flags & RenameFlags.Exchange) == 0;
        return error;
    }

    /// <summary>Puts the entry in place and takes the old one, which the disposal then removes.</summary>
    public Errno ExchangeWith(Fd directory, Name name) => MoveTo(directory, name, RenameFlags.Exchange);

    /// <summary>Takes an entry out of the upper layer. The disposal removes it.</summary>
    public readonly Errno TakeFrom(Fd directory, Name name) => Sys.RenameAt(directory, name, work.Fd, Name);

    /// <summary>Leaves the entry in the work directory.</summary>
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
        // If this fails, the next mount removes the entry.
        if (!_done && !_isUnnamed)
            _ = TreeRemover.Remove(work.Fd, Name);
    }
}
