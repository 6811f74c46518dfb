using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Ring;

/// <summary>
/// Makes entries. The headers of several share a page, so a spare entry costs a few hundred bytes. All memory lives until the ring has
/// ended: an entry that was given to the kernel cannot be taken back. Only the acceptor calls <see cref="TryMake"/>.
/// </summary>
/// <param name="payloadSize">The most payload of a request or a reply, in bytes, of whole pages.</param>
internal sealed class RingMemory(int payloadSize) : IDisposable
{
    private static readonly int s_perBlock = Environment.SystemPageSize / RingEntry.HeaderSize;

    private readonly List<MappedMemory> _blocks = [];
    private int _used = s_perBlock;

    /// <param name="queue">The queue of the entry.</param>
    /// <param name="entry">The entry; null on failure.</param>
    internal Errno TryMake(int queue, out RingEntry? entry)
    {
        entry = null;
        int bodySize = RingEntry.BodySize(payloadSize);
        if (_used == s_perBlock)
        {
            Errno error = MappedMemory.Map(Environment.SystemPageSize + (s_perBlock * bodySize), out MappedMemory? block);
            if (error != Errno.None)
                return error;
            _blocks.Add(block!);
            _used = 0;
        }
        int body = Environment.SystemPageSize + (_used * bodySize);
        entry = new RingEntry(queue, _blocks[^1], _used * RingEntry.HeaderSize, body, payloadSize);
        _used++;
        return Errno.None;
    }

    public void Dispose()
    {
        foreach (MappedMemory block in _blocks)
            block.Dispose();
    }
}
