using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// Descriptors of directories on the way to one that lies many levels below the next open one: 4, 8, 16 ... levels above it. A client that
/// comes up through a deep tree (rm -r, find -depth) asks for one directory after the other; from the milestone next above, the way to each
/// is short, and the next milestones are put on it. So N levels cost N log N opens and log N descriptors, however few the cache may keep.
/// Without them it would be the square of N.
/// <para>Each stack belongs to one way down: to one layer, and to one of the clients that are in different trees. Its lock is a leaf.</para>
/// </summary>
/// <param name="stacks">How many ways are remembered.</param>
/// <param name="size">How many descriptors each may keep.</param>
internal sealed class Milestones(int stacks, int size)
{
    /// <summary>A shorter way is walked without.</summary>
    public const int ShortWay = 8;

    /// <summary>Of the first one above the end of the way; the next is twice as far.</summary>
    private const int Nearest = 4;

    private readonly Lock _lock = new();
    private readonly Stack[] _stacks = [.. Enumerable.Range(0, stacks).Select(_ => new Stack(size))];
    private long _clock;

    /// <summary>Whether a directory so many levels above the end of a way gets one.</summary>
    public static bool IsOne(int distance) => distance >= Nearest && int.IsPow2(distance);

    /// <summary>Takes the stack that a way starts in, and gives up what lies further down in it; or the one that was not used for longest.</summary>
    /// <param name="start">Where the way starts; null for the root of a layer.</param>
    /// <returns>The number of the stack.</returns>
    public int Begin(SafeFd? start)
    {
        int chosen = 0, kept = 0;
        lock (_lock)
        {
            for (int number = 0; number < _stacks.Length; number++)
            {
                int at = start is null ? -1 : _stacks[number].Find(start);
                if (at >= 0)
                    (chosen, kept) = (number, at + 1);
                else if (kept == 0 && _stacks[number].LastUse < _stacks[chosen].LastUse)
                    chosen = number;
            }
            _stacks[chosen].LastUse = ++_clock;
        }
        _ = Cut(chosen, kept); // that there were some does not matter here
        return chosen;
    }

    /// <summary>Keeps a descriptor, further down than those that are in the stack already.</summary>
    /// <param name="stack">Of <see cref="Begin"/>.</param>
    /// <param name="milestone">The descriptor, which stands in its directory.</param>
    public void Put(int stack, in CachedDescriptor milestone)
    {
        bool isFull;
        lock (_lock)
            isFull = !_stacks[stack].TryPush(milestone);
        if (isFull)
            milestone.Evict();
    }

    /// <summary>Gives up all of them.</summary>
    /// <returns>Whether there were any.</returns>
    public bool TryClear()
    {
        bool any = false;
        for (int number = 0; number < _stacks.Length; number++)
            any |= Cut(number, 0);
        return any;
    }

    private bool Cut(int number, int kept)
    {
        bool any = false;
        while (true)
        {
            CachedDescriptor last;
            lock (_lock)
            {
                if (!_stacks[number].TryPop(kept, out last))
                    return any;
            }
            last.Evict();
            any = true;
        }
    }

    /// <summary>The milestones of one way, the highest first.</summary>
    private sealed class Stack(int size)
    {
        private readonly CachedDescriptor[] _entries = new CachedDescriptor[size];
        private int _count;

        public long LastUse { get; set; }

        public int Find(SafeFd fd)
        {
            int at = _count - 1;
            while (at >= 0 && !ReferenceEquals(_entries[at].Fd, fd))
                at--;
            return at;
        }

        public bool TryPush(in CachedDescriptor entry)
        {
            if (_count == _entries.Length)
                return false;
            _entries[_count++] = entry;
            return true;
        }

        public bool TryPop(int kept, out CachedDescriptor last)
        {
            last = default;
            if (_count <= kept)
                return false;
            last = _entries[--_count];
            _entries[_count] = default;
            return true;
        }
    }
}
