namespace OverlayFuse.Linux;

/// <summary>One reference to a <see cref="SafeFd"/>, given back when the <c>using</c> ends.</summary>
public readonly ref struct BorrowedFd
{
    private readonly SafeFd? _owner;

    /// <summary>Takes over a reference that was acquired before.</summary>
    /// <param name="owner">The shared descriptor.</param>
    public BorrowedFd(SafeFd owner) => _owner = owner;

    /// <summary>The descriptor, on loan.</summary>
    public Fd Fd => _owner is null ? Fd.None : _owner.Fd;

    /// <summary>Borrows, so that it can be passed to system calls as it is.</summary>
    /// <param name="borrowed">The holder of the reference.</param>
    public static implicit operator Fd(in BorrowedFd borrowed) => borrowed.Fd;

    /// <summary>Gives the reference back.</summary>
    public void Dispose() => _owner?.Release();
}
