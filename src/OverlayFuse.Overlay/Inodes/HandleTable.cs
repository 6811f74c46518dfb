using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>The objects that the kernel holds open, by the number that it got. The lock is a leaf.</summary>
/// <typeparam name="T">The type of the open objects.</typeparam>
internal sealed class HandleTable<T> where T : class
{
    private readonly Lock _lock = new();
    private readonly Stack<int> _free = new();
    private T?[] _entries = new T?[64];
    private int _next;

    public HandleId Add(T entry)
    {
        lock (_lock)
        {
            if (!_free.TryPop(out int slot))
                slot = _next++;
            if (slot == _entries.Length)
                Array.Resize(ref _entries, slot * 2);
            _entries[slot] = entry;
            return new HandleId((ulong)slot + 1);
        }
    }

    /// <summary>The entry of a number; null if there is none, and the caller answers EBADF.</summary>
    public T? this[HandleId handle]
    {
        get
        {
            T?[] entries = Volatile.Read(ref _entries);
            return handle.Value - 1 < (ulong)entries.Length ? Volatile.Read(ref entries[handle.Value - 1]) : null;
        }
    }

    public T? Remove(HandleId handle)
    {
        lock (_lock)
        {
            T? entry = this[handle];
            if (entry is null)
                return null;
            _entries[handle.Value - 1] = null;
            _free.Push((int)handle.Value - 1);
            return entry;
        }
    }
}
