using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Callers;

/// <summary>
/// Lets the daemon of an ordinary user, which has no CAP_DAC_OVERRIDE, change a read-only directory of that user, or read the marks of an
/// unreadable one. The mode is widened for that time, under the lock of <see cref="OwnerModes"/>. It does nothing for root.
/// </summary>
internal readonly ref struct OwnerWritable
{
    private readonly Fd _directory;
    private readonly uint _mode;
    private readonly bool _widened;

    /// <param name="directory">The directory, which stays open until this is disposed; <see cref="Fd.None"/> for none.</param>
    public OwnerWritable(Fd directory)
    {
        _directory = directory;
        if (Sys.EffectiveUid == 0 || !directory.IsOpen)
            return;
        OwnerModes.Enter();
        if (Sys.FStatx(directory, out Statx stat, StatxMask.Mode) == Errno.None
            && (stat.Permissions & Permissions.OwnerAll) != Permissions.OwnerAll)
        {
            _mode = stat.Permissions;
            OwnerModes.Widen();
            _widened = Sys.FChModAt(directory, Name.Empty, _mode | Permissions.OwnerAll) == Errno.None;
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
        // It worked a moment ago.
        _ = Sys.FChModAt(_directory, Name.Empty, _mode);
        OwnerModes.Restore();
        OwnerModes.Leave();
    }
}
