using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// A temporary entry in the work directory. Removes itself, with all below it, unless it was committed: renamed away with nothing left
/// under its name.
/// </summary>
/// <param name="work">Where it is.</param>
/// <param name="name">Its name.</param>
internal ref struct WorkEntry(WorkDirectory work, byte[] name)
{
    private readonly byte[] _name = name;
    private bool _done;

    /// <summary>One with a new name.</summary>
    public WorkEntry(WorkDirectory work)
        : this(work, work.NextName())
    {
    }

    public readonly Fd Directory => work.Fd;

    public readonly Name Name => new(_name);

    /// <summary>Puts it in place: replaces a non-directory there, or stands where nothing was.</summary>
    public Errno MoveTo(Fd directory, Name name, RenameFlags flags = RenameFlags.None)
    {
        Errno error = Sys.RenameAt(work.Fd, Name, directory, name, flags);
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
        if (!_done)
            _ = TreeRemover.Remove(work.Fd, Name); // what cannot be removed now is removed by the next mount
    }
}
