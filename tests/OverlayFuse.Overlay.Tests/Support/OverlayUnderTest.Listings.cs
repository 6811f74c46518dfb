using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Tests.Support;

/// <summary>One entry of a READDIR or READDIRPLUS, decoded from the bytes that the kernel would get.</summary>
internal sealed record ListedEntry(string Name, ulong Ino, ulong Offset, FileType Type, EntryOut Entry);

/// <summary>READDIR and READDIRPLUS. The overlay keeps nothing for an open directory.</summary>
internal sealed partial class OverlayUnderTest
{
    /// <summary>One request; counts the references of what it answers.</summary>
    public Errno ReadDir(NodeId directory, ulong offset, int size, bool plus, out List<ListedEntry> entries)
    {
        byte[] buffer = new byte[size];
        var writer = new DirentWriter(buffer, plus);
        var input = new ReadIn { Offset = offset, Size = (uint)size };
        FuseRequest request = Request(plus ? Opcode.ReadDirPlus : Opcode.ReadDir, directory);
        Errno error = plus ? FileSystem.ReadDirPlus(request, input, ref writer) : FileSystem.ReadDir(request, input, ref writer);
        entries = Decode(buffer.AsSpan(0, writer.Length), plus);
        foreach (ListedEntry entry in entries)
            Count(error, entry.Entry);
        return error;
    }

    /// <summary>All entries but "." and "..", read in requests of a size.</summary>
    public List<ListedEntry> Entries(string path, bool plus = false, int size = 4096) =>
        [.. EntriesFrom(Node(path), 0, plus, size).Where(entry => entry.Name is not ("." or ".."))];

    public List<ListedEntry> EntriesFrom(NodeId directory, ulong offset, bool plus = false, int size = 4096)
    {
        var all = new List<ListedEntry>();
        while (true)
        {
            Errno error = ReadDir(directory, offset, size, plus, out List<ListedEntry> some);
            if (error != Errno.None)
                throw new IOException($"READDIR: {error}");
            if (some.Count == 0)
                return all;
            all.AddRange(some);
            offset = some[^1].Offset;
        }
    }

    /// <summary>The names, sorted.</summary>
    public string[] List(string path = "") => [.. Entries(path).Select(entry => entry.Name).Order(StringComparer.Ordinal)];

    private static List<ListedEntry> Decode(ReadOnlySpan<byte> bytes, bool plus)
    {
        var entries = new List<ListedEntry>();
        while (!bytes.IsEmpty)
        {
            EntryOut entry = plus ? MemoryMarshal.Read<EntryOut>(bytes) : default;
            ReadOnlySpan<byte> plain = bytes[(plus ? Unsafe.SizeOf<EntryOut>() : 0)..];
            Dirent dirent = MemoryMarshal.Read<Dirent>(plain);
            string name = Encoding.UTF8.GetString(plain.Slice(Unsafe.SizeOf<Dirent>(), (int)dirent.NameLen));
            entries.Add(new ListedEntry(name, dirent.Ino, dirent.Off, (FileType)(dirent.Type << 12), entry));
            int size = bytes.Length - plain.Length + Unsafe.SizeOf<Dirent>() + (int)dirent.NameLen;
            bytes = bytes[((size + 7) & ~7)..];
        }
        return entries;
    }
}
