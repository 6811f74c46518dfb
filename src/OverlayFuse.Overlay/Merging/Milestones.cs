using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// Descriptors of directories on the way to one many levels below the next open one: 4, 8, 16 ... levels above it. A client that comes
/// up through a deep tree (rm -r, find -depth) asks for one directory after the other. From the milestone next above, the way to each
/// is short, and gets milestones of its own. So N levels cost N log N opens and log N descriptors, however few the cache keeps. Without
/// milestones they cost the square of N.
/// <para>Each stack belongs to one way down: to one layer, and to one of the clients in different trees. Its lock is a leaf.</para>
/// </summary>
/// <param name="stacks">The number of ways that are remembered.</param>
/// <param name="size">The most descriptors that each keeps.</param>
internal sealed class Milestones(int stacks, int size)
{
    /// <summary>A shorter way has no milestones.</summary>
    public const int ShortWay = 8;

    /// <summary>The distance of the first milestone above the end of the way. The next is twice as far.</summary>
    private const int Nearest = 4;

    private readonly Lock _lock = new();
    private readonly Stack[] _stacks = [.. Enumerable.Range(0, stacks).Select(_ => new Stack(size))];
    private long _clock;

    /// <summary>True if a directory so many levels above the end of a way gets a milestone.</summary>
    public static bool IsOne(int distance) => distance >= Nearest && int.IsPow2(distance);

    /// <summary>
    /// Takes the stack that a way starts in, and gives up the milestones further down in it. If there is none, takes the stack that was
    /// used longest ago.
    /// </summary>
    /// <param name="start">The start of the way; null for the root of a layer.</param>
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
        // Whether there were any does not matter here.
        _ = Cut(chosen, kept);
        return chosen;
    }

    /// <summary>Keeps a descriptor, further down than those in the stack.</summary>
    /// <param name="stack">The number that <see cref="Begin"/> returned.</param>
    /// <param name="milestone">The descriptor, which its directory refers to.</param>
    public void Put(int stack, in CachedDescriptor milestone)
    {
        bool isFull;
        lock (_lock)
            isFull = !_stacks[stack].TryPush(milestone);
        if (isFull)
            milestone.Evict();
    }

    /// <summary>Gives up all of them.</summary>
    /// <returns>True if there were any.</returns>
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
