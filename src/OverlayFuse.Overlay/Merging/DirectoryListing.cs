using System.Buffers.Binary;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// The names of a directory in the order in which they were found, each once, in one buffer. readdir answers from it, so a listing
/// stays stable while the directory changes. It belongs to one open directory. A <see cref="DirectoryEntry"/> is valid until the next
/// name is added.
/// </summary>
internal sealed class DirectoryListing : IDisposable
{
    private const int InoOffset = 0;
    private const int TypeOffset = 8;
    private const int SlotOffset = 10;
    private const int SettledOffset = 12;
    private const int LengthOffset = 13;
    private const int NameOffset = 14;

    private readonly NativeArray<byte> _data = new(1024);
    private readonly NativeArray<int> _visible = new(64);
    private NativeArray<Bucket>? _table;
    private int _used;
    private int _names;

    /// <summary>The number of names that are shown.</summary>
    public int Count { get; private set; }

    /// <summary>The parent's version when the listing was made.</summary>
    public int Version { get; init; }

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
        entry.Name.WithNul.CopyTo(to[NameOffset..]);
        _used += size;
        if (entry.Type != FileType.Unknown)
            Show(record);
        if (findable)
            Insert(record, entry.Name);
    }

    /// <summary>The record of the name at a position.</summary>
    public int RecordOf(int index) => _visible.Span[..Count][index];

    /// <summary>Reads a record.</summary>
    public DirectoryEntry Read(int record)
    {
        ReadOnlySpan<byte> from = _data.Span[record.._used];
        return new DirectoryEntry
        {
            Ino = BinaryPrimitives.ReadUInt64LittleEndian(from[InoOffset..]),
            Type = (FileType)BinaryPrimitives.ReadUInt16LittleEndian(from[TypeOffset..]),
            Slot = BinaryPrimitives.ReadUInt16LittleEndian(from[SlotOffset..]),
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

    private void Show(int record)
    {
        if (Count == _visible.Length)
            _visible.Grow(Count * 2);
        _visible.Span[Count++] = record;
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

    public required Name Name { get; init; }
}
