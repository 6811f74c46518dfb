using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// Fills a reply to READDIR or READDIRPLUS. An entry that does not fit ends the reply. Ask <see cref="HasRoomFor"/> before you take a
/// lookup reference for an entry.
/// </summary>
public ref struct DirentWriter
{
    private readonly Span<byte> _buffer;

    /// <summary>Writes into <paramref name="buffer"/>.</summary>
    /// <param name="buffer">As many bytes as the kernel asked for.</param>
    /// <param name="plus">True for READDIRPLUS.</param>
    public DirentWriter(Span<byte> buffer, bool plus)
    {
        _buffer = buffer;
        IsPlus = plus;
    }

    /// <summary>True for READDIRPLUS: entries carry attributes.</summary>
    public bool IsPlus { get; }

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>True if an entry with a name of this length fits.</summary>
    /// <param name="nameLength">Bytes, without a NUL.</param>
    public readonly bool HasRoomFor(int nameLength) => RecordSize(nameLength) <= _buffer.Length - Length;

    /// <summary>Adds an entry that takes no lookup reference: any in READDIR, "." and ".." in READDIRPLUS.</summary>
    /// <param name="ino">d_ino, not 0.</param>
    /// <param name="nextOffset">The offset of the next request, which goes on after this entry; not 0.</param>
    /// <param name="type">The type bits of its mode.</param>
    /// <param name="name">Without a NUL.</param>
    /// <returns>False if it does not fit; then nothing is written.</returns>
    public bool TryAdd(ulong ino, ulong nextOffset, FileType type, ReadOnlySpan<byte> name) =>
        TryWrite(default, ino, nextOffset, type, name);

    /// <summary>Adds an entry to READDIRPLUS; with a <see cref="EntryOut.NodeId"/> it takes a lookup reference.</summary>
    /// <param name="entry">The answer of LOOKUP for the name; <see cref="NodeId.None"/> leaves attributes and reference out.</param>
    /// <param name="ino">d_ino, not 0.</param>
    /// <param name="nextOffset">The offset of the next request, which goes on after this entry; not 0.</param>
    /// <param name="type">The type bits of its mode.</param>
    /// <param name="name">Without a NUL.</param>
    /// <returns>False if it does not fit; then nothing is written and no reference is taken.</returns>
    public bool TryAddPlus(in EntryOut entry, ulong ino, ulong nextOffset, FileType type, ReadOnlySpan<byte> name)
    {
        if (!IsPlus)
            throw new InvalidOperationException("entries with attributes go into READDIRPLUS only");
        return TryWrite(entry, ino, nextOffset, type, name);
    }

    private bool TryWrite(in EntryOut entry, ulong ino, ulong nextOffset, FileType type, ReadOnlySpan<byte> name)
    {
        if (!HasRoomFor(name.Length))
            return false;
        Span<byte> record = _buffer.Slice(Length, RecordSize(name.Length));
        Length += record.Length;
        if (IsPlus)
            MemoryMarshal.Write(record, entry);
        Span<byte> plain = record[(IsPlus ? Unsafe.SizeOf<EntryOut>() : 0)..];
        MemoryMarshal.Write(plain, new Dirent { Ino = ino, Off = nextOffset, NameLen = (uint)name.Length, Type = (uint)type >> 12 });
        plain = plain[Unsafe.SizeOf<Dirent>()..];
        name.CopyTo(plain);
        plain[name.Length..].Clear();
        return true;
    }

    private readonly int RecordSize(int nameLength) =>
        Wire.Align((IsPlus ? Unsafe.SizeOf<DirentPlus>() : Unsafe.SizeOf<Dirent>()) + nameLength);
}
