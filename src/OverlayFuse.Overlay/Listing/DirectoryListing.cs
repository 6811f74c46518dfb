using System.Buffers.Binary;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.Listing;

/// <summary>
/// The names of a directory, each once, in one buffer. While names are added, they have the order in which they were found. Then
/// <see cref="Arrange"/> orders them by their cookies, and the listing does not change any more. A <see cref="DirectoryEntry"/> is valid
/// until the next name is added.
/// </summary>
internal sealed class DirectoryListing : IDisposable
{
    private const int InoOffset = 0;
    private const int TypeOffset = 8;
    private const int SlotOffset = 10;
    private const int SettledOffset = 12;
    private const int LengthOffset = 13;
    private const int KnownOffset = 14;
    private const int NameOffset = 15;

    /// <summary>A cookie leaves room for "." and "..".</summary>
    private const uint LeastCookie = 16;

    /// <summary>
    /// The number of cookies. All fit into 31 bits, for readers with a 32-bit telldir(3), with room at the end for names of one hash.
    /// </summary>
    private const uint Cookies = int.MaxValue - (1u << 26);

    private const int RecordBits = 32;

    /// <summary>An odd number with bits everywhere, 2^64 divided by the golden ratio: FNV-1a of short names differs in few bits.</summary>
    private const ulong Spread = 0x9E3779B97F4A7C15;

    private readonly NativeArray<byte> _data = new(1024);
    // The record in the low half, its cookie in the high half.
    private readonly NativeArray<ulong> _visible = new(64);
    private NativeArray<Bucket>? _table;
    private int _used;
    private int _names;

    /// <summary>The number of names that are shown.</summary>
    public int Count { get; private set; }

    /// <summary>The directory's version when the listing was made.</summary>
    public int Version { get; init; }

    /// <summary>All names go to the kernel with their attributes.</summary>
    public bool IsPrimed { get; set; }

    /// <summary>The bytes of memory that it uses.</summary>
    public long Size => _data.Length + ((long)_visible.Length * sizeof(ulong));

    /// <summary>What <see cref="ListingCache"/> knows of it, under its lock.</summary>
    public ListingUse Use { get; } = new();

    /// <summary>The name at a position.</summary>
    public DirectoryEntry this[int index] => Read(RecordOf(index));

    /// <summary>Finds a name, hidden ones included.</summary>
    /// <returns>Its record, or -1.</returns>
    public int Find(Name name)
    {
        Span<Bucket> table = (_table ??= new(64)).Span;
        uint hash = HashOf(name);
        for (uint probe = hash; ; probe++)
        {
            Bucket bucket = table[(int)(probe & (uint)(table.Length - 1))];
            if (bucket.IsFree || (bucket.Hash == hash && Read(bucket.Record).Name.Equals(name)))
                return bucket.Record;
        }
    }

    /// <summary>Adds a name that is not there yet.</summary>
    /// <param name="entry">The name. With type <see cref="FileType.Unknown"/> it is hidden.</param>
    /// <param name="findable"><see cref="Find"/> must know it, because more than one layer is merged.</param>
    public void Add(in DirectoryEntry entry, bool findable)
    {
        int record = _used;
        int size = NameOffset + entry.Name.Length + 1;
        if (record + size > _data.Length)
            _data.Grow(_data.Length * 2);
        Span<byte> to = _data.Span.Slice(record, size);
        BinaryPrimitives.WriteUInt64LittleEndian(to[InoOffset..], entry.Ino);
        BinaryPrimitives.WriteUInt16LittleEndian(to[TypeOffset..], (ushort)entry.Type);
        BinaryPrimitives.WriteUInt16LittleEndian(to[SlotOffset..], (ushort)entry.Slot);
        to[SettledOffset] = 0;
        to[LengthOffset] = (byte)entry.Name.Length;
        to[KnownOffset] = entry.IsKnownUpper ? (byte)1 : (byte)0;
        entry.Name.WithNul.CopyTo(to[NameOffset..]);
        _used += size;
        if (entry.Type != FileType.Unknown)
            Show(record, entry.Name);
        if (findable)
            Insert(record, entry.Name);
    }

    /// <summary>The record of the name at a position.</summary>
    public int RecordOf(int index) => (int)(uint)_visible.Span[..Count][index];

    /// <summary>
    /// The cookie of the name at a position: where a reader goes on after it. It comes from the name alone, so that it holds for each
    /// listing of the directory, whatever is made or removed meanwhile, and after the next mount.
    /// </summary>
    public uint CookieOf(int index) => (uint)(_visible.Span[..Count][index] >> RecordBits);

    /// <summary>The position of the first name after a cookie.</summary>
    public int PositionAfter(ulong cookie)
    {
        int from = 0, to = Count;
        while (from < to)
        {
            int middle = (from + to) / 2;
            (from, to) = CookieOf(middle) <= cookie ? (middle + 1, to) : (from, middle);
        }
        return from;
    }

    /// <summary>
    /// Orders the names by their cookies. Names whose hashes are one follow each other by their bytes, and each takes the next free
    /// cookie. Only these can change their cookies, when another of them is made or removed.
    /// </summary>
    public void Arrange()
    {
        Span<ulong> all = _visible.Span[..Count];
        all.Sort();
        for (int first = 0, next; first < all.Length; first = next)
        {
            next = first + 1;
            while (next < all.Length && all[next] >> RecordBits == all[first] >> RecordBits)
                next++;
            if (next - first > 1)
                all[first..next].Sort(new ByName(this));
        }
        ulong free = 0;
        foreach (ref ulong one in all)
        {
            ulong cookie = Math.Max(one >> RecordBits, free);
            one = (cookie << RecordBits) | (uint)one;
            free = cookie + 1;
        }
        _table?.Dispose();
        _table = null;
    }

    /// <summary>Reads a record.</summary>
    public DirectoryEntry Read(int record)
    {
        ReadOnlySpan<byte> from = _data.Span[record.._used];
        return new DirectoryEntry
        {
            Ino = BinaryPrimitives.ReadUInt64LittleEndian(from[InoOffset..]),
            Type = (FileType)BinaryPrimitives.ReadUInt16LittleEndian(from[TypeOffset..]),
            Slot = BinaryPrimitives.ReadUInt16LittleEndian(from[SlotOffset..]),
            IsKnownUpper = from[KnownOffset] != 0,
            Name = new Name(from.Slice(NameOffset, from[LengthOffset] + 1)),
        };
    }

    /// <summary>Gives a record the number that the merged view shows.</summary>
    public void SetIno(int record, ulong ino) => BinaryPrimitives.WriteUInt64LittleEndian(_data.Span[(record + InoOffset)..], ino);

    /// <summary>Notes that the topmost lower layer with this name has been read.</summary>
    /// <returns>False if that was noted before.</returns>
    public bool Settle(int record)
    {
        ref byte settled = ref _data.Span[record + SettledOffset];
        bool first = settled == 0;
        settled = 1;
        return first;
    }

    /// <summary>Frees the buffers.</summary>
    public void Dispose()
    {
        Count = 0;
        _data.Dispose();
        _visible.Dispose();
        _table?.Dispose();
    }

    private void Show(int record, Name name)
    {
        if (Count == _visible.Length)
            _visible.Grow(Count * 2);
        // The hash is spread over the high half, of which the product leaves the range.
        ulong cookie = LeastCookie + (((NameHash.Of(name.Bytes) * Spread >> RecordBits) * Cookies) >> RecordBits);
        _visible.Span[Count++] = (cookie << RecordBits) | (uint)record;
    }

    private void Insert(int record, Name name)
    {
        _table ??= new(64);
        if (_names * 2 >= _table.Length)
            GrowTable(_table);
        Put(_table.Span, new Bucket(record, HashOf(name)));
        _names++;
    }

    private void GrowTable(NativeArray<Bucket> old)
    {
        _table = new NativeArray<Bucket>(old.Length * 2);
        foreach (Bucket bucket in old.Span)
        {
            if (!bucket.IsFree)
                Put(_table.Span, bucket);
        }
        old.Dispose();
    }

    private static void Put(Span<Bucket> table, Bucket bucket)
    {
        uint probe = bucket.Hash;
        while (!table[(int)(probe & (uint)(table.Length - 1))].IsFree)
            probe++;
        table[(int)(probe & (uint)(table.Length - 1))] = bucket;
    }

    private static uint HashOf(Name name)
    {
        var hash = new HashCode();
        hash.AddBytes(name.Bytes);
        return (uint)hash.ToHashCode();
    }

    private readonly struct ByName(DirectoryListing listing) : IComparer<ulong>
    {
        public int Compare(ulong x, ulong y) =>
            listing.Read((int)(uint)x).Name.Bytes.SequenceCompareTo(listing.Read((int)(uint)y).Name.Bytes);
    }

    /// <summary>A bucket of the hash table. The hash saves a comparison with most other names.</summary>
    private readonly struct Bucket(int record, uint hash)
    {
        // A table of zeros is empty.
        private readonly int _recordPlusOne = record + 1;

        public uint Hash { get; } = hash;

        public int Record => _recordPlusOne - 1;

        public bool IsFree => _recordPlusOne == 0;
    }
}

/// <summary>One name of a <see cref="DirectoryListing"/>.</summary>
internal readonly ref struct DirectoryEntry
{
    /// <summary>d_ino.</summary>
    public required ulong Ino { get; init; }

    /// <summary>d_type; <see cref="FileType.Unknown"/> hides the name in the layers below.</summary>
    public required FileType Type { get; init; }

    /// <summary>The topmost layer that has it: 0 the upper, then one for each lower layer of the directory.</summary>
    public required int Slot { get; init; }

    /// <summary>When the listing was made, it was an upper file whose attributes the kernel knew.</summary>
    public bool IsKnownUpper { get; init; }

    public required Name Name { get; init; }
}
