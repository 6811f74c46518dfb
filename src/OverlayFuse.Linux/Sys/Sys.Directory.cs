using System.Buffers.Binary;
using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    /// <summary>True if a path leads to a directory; symbolic links are followed.</summary>
    public static bool IsDirectory(string path)
    {
        Errno error = OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.Path | OpenFlags.Directory, out Fd opened);
        using var directory = new ScopedFd(opened);
        return error == Errno.None;
    }

    /// <summary>The name of any one entry of a directory.</summary>
    /// <param name="path">The directory; symbolic links are followed.</param>
    /// <param name="entry">Null if it is empty, or on failure.</param>
    public static Errno FindEntry(string path, out string? entry)
    {
        entry = null;
        Errno error = OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened);
        using var directory = new ScopedFd(opened);
        Span<byte> buffer = stackalloc byte[1024];
        while (error == Errno.None && entry is null)
        {
            error = GetDents(directory, buffer, out int length);
            if (length == 0)
                return error;
            var records = new DirectoryRecords(buffer[..length]);
            entry = records.MoveNext() ? NativeText.From(records.Name.Bytes) : null;
        }
        return error;
    }

    /// <summary>getdents64(2): records for <see cref="DirectoryRecords"/>.</summary>
    /// <param name="directory">A directory opened for reading.</param>
    /// <param name="records">At least 280 bytes.</param>
    /// <param name="length">The number of bytes filled; 0 at the end of the directory.</param>
    public static Errno GetDents(Fd directory, Span<byte> records, out int length)
    {
        fixed (byte* to = records)
        {
            long returned = Libc.syscall(Machine.GetDents64(Machine.Own), directory.Number, (nint)to, records.Length, 0, 0, 0);
            return Result((nint)returned, out length);
        }
    }
}

/// <summary>Walks the records of one getdents64(2), "." and ".." left out.</summary>
/// <param name="records">The bytes that the call filled.</param>
public ref struct DirectoryRecords(ReadOnlySpan<byte> records)
{
    private const int TypeOffset = 18;
    private const int NameOffset = 19;
    private ReadOnlySpan<byte> _rest = records;

    /// <summary>d_ino.</summary>
    public ulong Ino { get; private set; }

    /// <summary>d_type as S_IF*; <see cref="FileType.Unknown"/> if the file system does not give it.</summary>
    public FileType Type { get; private set; }

    /// <summary>d_name.</summary>
    public Name Name { get; private set; }

    /// <summary>Takes the next record.</summary>
    /// <returns>False at the end.</returns>
    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            ReadOnlySpan<byte> record = _rest[..BinaryPrimitives.ReadUInt16LittleEndian(_rest[16..])];
            _rest = _rest[record.Length..];
            // The kernel ends each name with a NUL.
            _ = Name.TryTake(record[NameOffset..], out Name name);
            if (name.Bytes.SequenceEqual("."u8) || name.Bytes.SequenceEqual(".."u8))
                continue;
            Ino = BinaryPrimitives.ReadUInt64LittleEndian(record);
            Type = (FileType)(record[TypeOffset] << 12);
            Name = name;
            return true;
        }
        return false;
    }
}
