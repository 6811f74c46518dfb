using System.Collections.Concurrent;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// Makes st_ino unique over the whole mount, on whatever file systems the layers are. FUSE cannot answer another st_dev, so this does
/// always the same as xino=on in the kernel. The first file system's numbers stay as they are; each further file system has its index
/// in the high bits (ovl_map_dev_ino). A number that does not fit is replaced by one from a table that lives as long as the mount.
/// </summary>
/// <param name="isShort">
/// All numbers fit in 32 bits: numbers of the first file system with at most 31 bits stay, all others come from the table.
/// </param>
internal sealed class InoMapper(bool isShort = false)
{
    private const ulong ShortTable = 1ul << 31;
    private const int IndexBits = 8;
    private const int IndexShift = 64 - IndexBits;
    private const int TableIndex = (1 << IndexBits) - 1;

    private readonly ConcurrentDictionary<ulong, int> _devices = new();
    private readonly ConcurrentDictionary<(ulong Dev, ulong Ino), ulong> _table = new();
    private readonly Lock _lock = new();
    private ulong _nextInTable = 1;
    private ulong _firstDevice;

    /// <param name="dev">File system of the real inode.</param>
    /// <param name="ino">Its number there.</param>
    /// <returns>Its number in the merged view; never 0.</returns>
    public ulong Map(ulong dev, ulong ino)
    {
        bool fits = isShort ? ino < ShortTable : ino >> IndexShift == 0;
        if (fits && dev == Volatile.Read(ref _firstDevice))
            return ino;
        int index = IndexOf(dev);
        if (isShort && index == 0 && fits)
            return ino;
        return fits && index < TableIndex && !isShort ? ((ulong)index << IndexShift) | ino : FromTable(dev, ino);
    }

    private int IndexOf(ulong dev)
    {
        if (_devices.TryGetValue(dev, out int known))
            return known;
        lock (_lock)
        {
            if (_devices.TryGetValue(dev, out known))
                return known;
            int index = _devices.Count;
            if (index == 0)
                Volatile.Write(ref _firstDevice, dev);
            _devices[dev] = index;
            return index;
        }
    }

    private ulong FromTable(ulong dev, ulong ino)
    {
        if (_table.TryGetValue((dev, ino), out ulong known))
            return known;
        lock (_lock)
        {
            if (!_table.TryGetValue((dev, ino), out known))
                _table[(dev, ino)] = known = (isShort ? ShortTable : (ulong)TableIndex << IndexShift) | _nextInTable++;
            return known;
        }
    }
}
