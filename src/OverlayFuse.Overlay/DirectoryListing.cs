using System.Buffers.Binary;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Names of a directory in the order in which they were met, each once, in a few buffers: what readdir answers from, so that a listing is
/// stable whatever happens beside it. Belongs to one open directory. A record's number is its buffer and, in the low 16 bits, its place there.
/// </summary>
internal sealed class DirectoryListing
{
    private const int InoOffset = 0;
    private const int TypeOffset = 8;
    private const int SlotOffset = 10;
    private const int SettledOffset = 12;
    private const int LengthOffset = 13;
    private const int NameOffset = 14;
    private const int BufferBits = 16;
    private const int BufferSize = 1 << BufferBits;

    private readonly List<int> _visible = [];
    private readonly List<byte[]> _buffers = [new byte[1024]];
    private int _used;
    private int[]? _table;
    private int _names;

    /// <summary>How many names are seen.</summary>
    public int Count => _visible.Count;

    /// <summary>The parent's version when the listing was made.</summary>
    public int Version { get; init; }

    /// <summary>The name at a position.</summary>
    public DirectoryEntry this[int index] => Read(_visible[index]);

    /// <summary>Finds a name, hidden ones included.</summary>
    /// <returns>Its record, or -1.</returns>
    public int Find(Name name)
    {
        int[] table = _table ??= new int[64];
        for (uint probe = HashOf(name); ; probe++)
        {
            int record = table[probe & (uint)(table.Length - 1)] - 1;
            if (record < 0 || Read(record).Name.Equals(name))
                return record;
        }
    }

    /// <summary>Adds a name that is not there yet.</summary>
    /// <param name="entry">The name; of type <see cref="FileType.Unknown"/> it is hidden.</param>
    /// <param name="findable">Whether <see cref="Find"/> must know it: only where more than one layer is merged.</param>
    public void Add(in DirectoryEntry entry, bool findable)
    {
        int size = NameOffset + entry.Name.Length + 1;
        Span<byte> to = Take(size, out int record);
        BinaryPrimitives.WriteUInt64LittleEndian(to[InoOffset..], entry.Ino);
        BinaryPrimitives.WriteUInt16LittleEndian(to[TypeOffset..], (ushort)entry.Type);
        BinaryPrimitives.WriteUInt16LittleEndian(to[SlotOffset..], (ushort)entry.Slot);
        to[SettledOffset] = 0;
        to[LengthOffset] = (byte)entry.Name.Length;
        entry.Name.WithNul.CopyTo(to[NameOffset..]);
        if (entry.Type != FileType.Unknown)
            _visible.Add(record);
        if (findable)
            Insert(record, entry.Name);
    }

    /// <summary>The record of the name at a position.</summary>
    public int RecordOf(int index) => _visible[index];

    /// <summary>Reads a record.</summary>
    public DirectoryEntry Read(int record)
    {
        ReadOnlySpan<byte> from = At(record);
        return new DirectoryEntry
        {
            Ino = BinaryPrimitives.ReadUInt64LittleEndian(from[InoOffset..]),
            Type = (FileType)BinaryPrimitives.ReadUInt16LittleEndian(from[TypeOffset..]),
            Slot = BinaryPrimitives.ReadUInt16LittleEndian(from[SlotOffset..]),
            Name = new Name(from.Slice(NameOffset, from[LengthOffset] + 1)),
        };
    }

    /// <summary>Gives a record the number that the merged view shows.</summary>
    public void SetIno(int record, ulong ino) => BinaryPrimitives.WriteUInt64LittleEndian(At(record)[InoOffset..], ino);

    /// <summary>Notes that the topmost lower layer with this name was met.</summary>
    /// <returns>False when it was met before.</returns>
    public bool Settle(int record)
    {
        ref byte settled = ref At(record)[SettledOffset];
        bool first = settled == 0;
        settled = 1;
        return first;
    }

    private Span<byte> At(int record) => _buffers[record >> BufferBits].AsSpan(record & (BufferSize - 1));

    /// <summary>Room for a record, which lies in one buffer. Only a buffer that has not its full size yet is copied to grow.</summary>
    private Span<byte> Take(int size, out int record)
    {
        byte[] last = _buffers[^1];
        if (_used + size > BufferSize)
        {
            _buffers.Add(new byte[BufferSize]);
            _used = 0;
        }
        else if (_used + size > last.Length)
        {
            Array.Resize(ref last, last.Length * 2);
            _buffers[^1] = last;
        }
        record = ((_buffers.Count - 1) << BufferBits) | _used;
        _used += size;
        return At(record)[..size];
    }

    private void Insert(int record, Name name)
    {
        int[] table = _table ??= new int[64];
        if (_names * 2 >= table.Length)
            _table = table = Grow(table);
        Place(table, record, name);
        _names++;
    }

    private int[] Grow(int[] old)
    {
        int[] table = new int[old.Length * 2];
        foreach (int entry in old)
        {
            if (entry != 0)
                Place(table, entry - 1, Read(entry - 1).Name);
        }
        return table;
    }

    private static void Place(int[] table, int record, Name name)
    {
        uint probe = HashOf(name);
        while (table[probe & (uint)(table.Length - 1)] != 0)
            probe++;
        table[probe & (uint)(table.Length - 1)] = record + 1;
    }

    private static uint HashOf(Name name)
    {
        var hash = new HashCode();
        hash.AddBytes(name.Bytes);
        return (uint)hash.ToHashCode();
    }
}

/// <summary>One name of a <see cref="DirectoryListing"/>.</summary>
internal readonly ref struct DirectoryEntry
{
    /// <summary>d_ino.</summary>
    public required ulong Ino { get; init; }

    /// <summary>d_type; <see cref="FileType.Unknown"/> hides the name in the layers below.</summary>
    public required FileType Type { get; init; }

    /// <summary>Where it was met first: 0 the upper, then one for each lower of the directory.</summary>
    public required int Slot { get; init; }

    public required Name Name { get; init; }
}
