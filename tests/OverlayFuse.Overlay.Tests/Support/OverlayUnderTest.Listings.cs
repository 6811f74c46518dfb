using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Tests.Support;

/// <summary>One entry of a READDIR or READDIRPLUS, decoded from the bytes that the kernel would get.</summary>
internal sealed record ListedEntry(string Name, ulong Ino, ulong Offset, FileType Type, EntryOut Entry);

/// <summary>OPENDIR, READDIR, READDIRPLUS.</summary>
internal sealed partial class OverlayUnderTest
{
    public HandleId OpenDir(string path)
    {
        Errno error = FileSystem.OpenDir(Request(Opcode.OpenDir, path), default, out OpenOut opened);
        return error == Errno.None ? opened.Fh : throw new IOException($"OPENDIR {path}: {error}");
    }

    public Errno ReleaseDir(HandleId handle) =>
        FileSystem.ReleaseDir(Request(Opcode.ReleaseDir, NodeId.Root), new ReleaseIn { Fh = handle });

    /// <summary>One request; counts the references of what it answers.</summary>
    public Errno ReadDir(HandleId handle, ulong offset, int size, bool plus, out List<ListedEntry> entries)
    {
        byte[] buffer = new byte[size];
        var writer = new DirentWriter(buffer, plus);
        var input = new ReadIn { Fh = handle, Offset = offset, Size = (uint)size };
        FuseRequest request = Request(plus ? Opcode.ReadDirPlus : Opcode.ReadDir, NodeId.Root);
        Errno error = plus ? FileSystem.ReadDirPlus(request, input, ref writer) : FileSystem.ReadDir(request, input, ref writer);
        entries = Decode(buffer.AsSpan(0, writer.Length), plus);
        foreach (ListedEntry entry in entries)
            Count(error, entry.Entry);
        return error;
    }

    /// <summary>All entries but "." and "..", read in requests of a size.</summary>
    public List<ListedEntry> Entries(string path, bool plus = false, int size = 4096)
    {
        HandleId handle = OpenDir(path);
        List<ListedEntry> all = EntriesFrom(handle, 0, plus, size);
        _ = ReleaseDir(handle);
        return [.. all.Where(entry => entry.Name is not ("." or ".."))];
    }

    public List<ListedEntry> EntriesFrom(HandleId handle, ulong offset, bool plus = false, int size = 4096)
    {
        var all = new List<ListedEntry>();
        while (true)
        {
            Errno error = ReadDir(handle, offset, size, plus, out List<ListedEntry> some);
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
