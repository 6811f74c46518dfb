using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Callers;

/// <summary>
/// Lets the daemon of an ordinary user, which has no CAP_DAC_OVERRIDE, change a directory of that user's that is read-only, or read the marks of one that is
/// unreadable: the mode is widened for that time, under the lock of <see cref="OwnerModes"/>. Does nothing for a mounter with the right.
/// </summary>
internal readonly ref struct OwnerWritable
{
    private const uint OwnerAll = 0x1C0;

    private readonly Fd _directory;
    private readonly uint _mode;
    private readonly bool _widened;

    /// <param name="directory">The directory; stays open until this is disposed. <see cref="Fd.None"/> for none.</param>
    public OwnerWritable(Fd directory)
    {
        _directory = directory;
        if (Sys.EffectiveUid == 0 || !directory.IsOpen)
            return;
        OwnerModes.Enter();
        if (Sys.FStatx(directory, out Statx stat, StatxMask.Mode) == Errno.None && (stat.Permissions & OwnerAll) != OwnerAll)
        {
            _mode = stat.Permissions;
            OwnerModes.Widen();
            _widened = Sys.FChModAt(directory, Name.Empty, _mode | OwnerAll) == Errno.None;
            if (!_widened)
                OwnerModes.Restore();
        }
        if (!_widened)
            OwnerModes.Leave();
    }

    public void Dispose()
    {
        if (!_widened)
            return;
        _ = Sys.FChModAt(_directory, Name.Empty, _mode); // it worked a moment ago
        OwnerModes.Restore();
        OwnerModes.Leave();
    }
}
