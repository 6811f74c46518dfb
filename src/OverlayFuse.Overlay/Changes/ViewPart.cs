using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Changes;

/// <summary>A directory of one layer. The <see cref="ViewDirectory"/> that it is a part of owns it.</summary>
/// <param name="layer">0 the upper, then the lower ones.</param>
/// <param name="location">
/// The place: a name in the parent's part of the same layer, or a path from the layer's root; with a NUL. Null for the root.
/// </param>
internal sealed class ViewPart(int layer, byte[]? location)
{
    private SafeFd? _open;
    private ulong _dev;
    private ulong _ino;

    /// <summary>
    /// The knowledge about marks of AUFS in it. The part of a live mount may change meanwhile; the list then misses that change.
    /// </summary>
    public Known Marks = Known.NotYet;

    public int Layer => layer;

    /// <summary>The number of the layer, as in <c>LayerEntry.Layer</c>.</summary>
    public ushort LayerNumber => layer == 0 ? Limits.NoLayer : (ushort)(layer - 1);

    public byte[]? Location => location;

    /// <summary>O_PATH; none while the directory is closed.</summary>
    public Fd Fd => _open?.Fd ?? Fd.None;

    /// <summary>It lies in the same layer's part of the parent.</summary>
    public bool IsBelowParent => location is not null and not [(byte)'/', ..];

    /// <summary>The same directory of the same layer.</summary>
    public bool IsSame(ViewPart other) => (Layer, _dev, _ino) == (other.Layer, other._dev, other._ino);

    /// <summary>Lends the descriptor of an open directory.</summary>
    /// <returns>EBADF if the directory is closed.</returns>
    public Errno Borrow(out BorrowedFd directory)
    {
        bool isOpen = _open?.TryAcquire() == true;
        directory = isOpen ? new BorrowedFd(_open!) : default;
        return isOpen ? Errno.None : Errno.EBADF;
    }

    /// <summary>Takes a descriptor over. The second time it must be the same directory.</summary>
    /// <returns>ESTALE for another directory: the layer changes meanwhile.</returns>
    public Errno Take(Fd fd)
    {
        Errno error = Sys.FStatx(fd, out Statx stat);
        if (error == Errno.None && _ino != 0 && (stat.Dev, stat.Ino) != (_dev, _ino))
            error = Errno.ESTALE;
        if (error != Errno.None)
        {
            Sys.Close(fd);
            return error;
        }
        (_open, _dev, _ino) = (new SafeFd(fd), stat.Dev, stat.Ino);
        return Errno.None;
    }

    public void Close()
    {
        _open?.Release();
        _open = null;
    }
}
