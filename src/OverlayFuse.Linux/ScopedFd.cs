namespace OverlayFuse.Linux;

/// <summary>A descriptor that one method owns. It is closed when its <c>using</c> ends, unless it was handed on.</summary>
public ref struct ScopedFd
{
    private Fd _fd;
    private readonly bool _open;

    /// <summary>Takes ownership.</summary>
    /// <param name="fd">An open descriptor.</param>
    public ScopedFd(Fd fd)
    {
        _fd = fd;
        _open = true;
    }

    /// <summary>The descriptor, on loan.</summary>
    public readonly Fd Fd => _open ? _fd : Fd.None;

    /// <summary>Borrows, so that it can be passed to system calls as it is.</summary>
    /// <param name="scoped">The owner.</param>
    public static implicit operator Fd(in ScopedFd scoped) => scoped.Fd;

    /// <summary>Gives ownership away; <see cref="Dispose"/> then does nothing.</summary>
    public Fd Release()
    {
        Fd fd = Fd;
        _fd = Fd.None;
        return fd;
    }

    /// <summary>Closes the descriptor if it is still owned.</summary>
    public void Dispose()
    {
        if (Fd.IsOpen)
            Sys.Close(Release());
    }
}
