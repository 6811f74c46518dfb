using System.Buffers.Text;
using System.Formats.Tar;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace TarFileSystem;

/// <summary>
/// A file with holes, in the form PAX 1.0 of GNU tar. The data begin with decimal numbers, one a line: the count of the parts, then offset
/// and length of each. Zeros fill the last block of 512 bytes of them, and the parts follow. System.Formats.Tar shows such a file as it is
/// stored.
/// </summary>
/// <param name="Name">The name of the file. The entry itself has an invented one.</param>
/// <param name="Size">The size of the file.</param>
/// <param name="Extents">Its parts.</param>
internal sealed record SparseMap(string Name, long Size, IReadOnlyList<Extent> Extents)
{
    private const int BlockSize = 512, LongestMap = 16 << 20;

    /// <returns>Null if the entry is an ordinary one.</returns>
    internal static SparseMap? Of(TarEntry entry, SafeFileHandle archive)
    {
        if (PaxRecords.Find(entry, "GNU.sparse.major") is not { } version)
            return null;
        if (version != "1" || PaxRecords.Find(entry, "GNU.sparse.name") is not { } name
            || !long.TryParse(PaxRecords.Find(entry, "GNU.sparse.realsize"), CultureInfo.InvariantCulture, out long size))
            throw new InvalidDataException($"{entry.Name}: is sparse in a form other than PAX 1.0.");
        byte[] head = new byte[Math.Min(entry.Length, LongestMap)];
        int length = RandomAccess.Read(archive, head, entry.DataOffset);
        var numbers = new Numbers(head.AsSpan(0, length));
        var parts = new List<(long Offset, long Length)>();
        for (long rest = numbers.Next(); rest > 0; rest--)
            parts.Add((numbers.Next(), numbers.Next()));
        long at = entry.DataOffset + (numbers.Position + BlockSize - 1) / BlockSize * BlockSize;
        var extents = new List<Extent>();
        foreach ((long offset, long partLength) in parts)
        {
            extents.Add(new Extent(offset, partLength, at));
            at += partLength;
        }
        return new SparseMap(name, size, extents);
    }

    private ref struct Numbers(ReadOnlySpan<byte> text)
    {
        private readonly ReadOnlySpan<byte> _text = text;

        internal int Position { get; private set; }

        internal long Next()
        {
            if (!Utf8Parser.TryParse(_text[Position..], out long number, out int used) || number < 0 || number > long.MaxValue / 2)
                throw new InvalidDataException("The map of a sparse file is damaged.");
            // The newline
            Position = Math.Min(_text.Length, Position + used + 1);
            return number;
        }
    }
}
