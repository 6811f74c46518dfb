namespace MemoryFileSystem;

/// <summary>
/// The bytes of a file: pages that exist from the first write into them on. All others are holes. The lock is the file system's.
/// </summary>
internal sealed class Content
{
    internal const int PageSize = 4096;
    private readonly Dictionary<long, byte[]> _pages = [];
    private readonly SortedSet<long> _numbers = [];

    internal long Size { get; private set; }

    internal long Pages => _pages.Count;

    /// <summary>The pages that a write would add.</summary>
    internal long Missing(long offset, int length)
    {
        long missing = 0;
        for (long number = offset / PageSize; number * PageSize < offset + length; number++)
            missing += _pages.ContainsKey(number) ? 0 : 1;
        return missing;
    }

    internal int Read(long offset, Span<byte> data)
    {
        int count = (int)Math.Clamp(Size - offset, 0, data.Length);
        for (int done = 0; done < count;)
        {
            int at = (int)((offset + done) % PageSize);
            Span<byte> part = data[done..Math.Min(count, done + PageSize - at)];
            if (_pages.TryGetValue((offset + done) / PageSize, out byte[]? page))
                page.AsSpan(at, part.Length).CopyTo(part);
            else
                part.Clear();
            done += part.Length;
        }
        return count;
    }

    internal void Write(long offset, ReadOnlySpan<byte> data)
    {
        Size = Math.Max(Size, offset + data.Length);
        while (!data.IsEmpty)
        {
            int at = (int)(offset % PageSize);
            ReadOnlySpan<byte> part = data[..Math.Min(data.Length, PageSize - at)];
            part.CopyTo(Page(offset / PageSize).AsSpan(at));
            offset += part.Length;
            data = data[part.Length..];
        }
    }

    /// <summary>Cuts or extends. What comes back behind an old end is zero.</summary>
    internal void Resize(long size)
    {
        if (size < Size)
            Clear(size, long.MaxValue - size);
        Size = size;
    }

    /// <summary>Makes a range zero. Whole pages become holes.</summary>
    internal void Clear(long offset, long length)
    {
        long end = offset + Math.Min(length, long.MaxValue - offset);
        foreach (long number in _numbers.GetViewBetween(offset / PageSize, (end - 1) / PageSize).ToArray())
        {
            int from = (int)Math.Max(0, offset - number * PageSize), to = (int)Math.Min(PageSize, end - number * PageSize);
            if (to - from < PageSize)
                _pages[number].AsSpan(from..to).Clear();
            else if (_pages.Remove(number))
                _numbers.Remove(number);
        }
    }

    /// <summary>SEEK_DATA; -1: there are no more data.</summary>
    internal long NextData(long offset)
    {
        long number = offset / PageSize;
        if (!_pages.ContainsKey(number))
            number = _numbers.GetViewBetween(number, long.MaxValue) is { Min: > 0 } later ? later.Min : long.MaxValue / PageSize;
        long data = Math.Max(offset, number * PageSize);
        return data < Size ? data : -1;
    }

    /// <summary>SEEK_HOLE: the end of the file counts as one.</summary>
    internal long NextHole(long offset)
    {
        long number = offset / PageSize;
        while (_pages.ContainsKey(number))
            number++;
        return Math.Min(Size, Math.Max(offset, number * PageSize));
    }

    private byte[] Page(long number)
    {
        if (_pages.TryGetValue(number, out byte[]? page))
            return page;
        page = new byte[PageSize];
        _pages.Add(number, page);
        _numbers.Add(number);
        return page;
    }
}
