using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>Small helpers over POSIX calls; results as the calls give them (-1 and errno).</summary>
internal static class Files
{
    private const int ChunkSize = 4096;

    /// <summary>Writes all of <paramref name="data"/> at <paramref name="offset"/>; the number of bytes, or -1.</summary>
    public static long WriteAll(int fd, byte[] data, long offset)
    {
        using var pin = new Pin(data);
        for (int done = 0; done < data.Length;)
        {
            long n = Syscall.pwrite(fd, pin.At(done), (ulong)(data.Length - done), offset + done);
            if (n < 0) return -1;
            done += (int)n;
        }
        return data.Length;
    }

    /// <summary>write(2) at the descriptor's own position.</summary>
    public static long Write(int fd, byte[] data)
    {
        using var pin = new Pin(data);
        return Syscall.write(fd, pin.At(0), (ulong)data.Length);
    }

    /// <summary>pread(2) of up to <paramref name="length"/> bytes; null when it fails.</summary>
    public static byte[]? Read(int fd, int length, long offset)
    {
        byte[] buffer = new byte[length];
        using var pin = new Pin(buffer);
        long n = Syscall.pread(fd, pin.At(0), (ulong)length, offset);
        return n < 0 ? null : buffer[..(int)n];
    }

    public static int SetTimes(string path, long accessed, long modified, long nanoseconds) =>
        Syscall.utimensat(Syscall.AT_FDCWD, path, Times(accessed, modified, nanoseconds), AtFlags.AT_SYMLINK_NOFOLLOW);

    public static Timespec[] Times(long accessed, long modified, long nanoseconds) =>
        [new Timespec { tv_sec = accessed, tv_nsec = nanoseconds }, new Timespec { tv_sec = modified, tv_nsec = nanoseconds }];

    /// <summary>
    /// Size, holes and a hash of the data: what makes two files equal. Only data is read, so that sparse giants are cheap.
    /// </summary>
    public static (string Extents, string Hash) Describe(int fd, long size)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var extents = new List<string>();
        for (long end = 0; end < size;)
        {
            long data = Libc.lseek(fd, end, Libc.SEEK_DATA);
            if (data < 0 && Marshal.GetLastPInvokeError() == (int)Errno.ENXIO) break;
            end = Tool.Check(data < 0 ? -1 : Libc.lseek(fd, data, Libc.SEEK_HOLE), "lseek");
            extents.Add($"{data}-{end}");
            HashRange(hash, fd, data, end);
        }
        return (string.Join(' ', extents), Convert.ToHexString(hash.GetHashAndReset(), 0, 8));
    }

    /// <summary>Adds the blocks that are not zero, with their places: zeros and a hole are the same content.</summary>
    private static void HashRange(IncrementalHash hash, int fd, long offset, long end)
    {
        for (offset -= offset % ChunkSize; offset < end; offset += ChunkSize)
        {
            byte[]? chunk = Read(fd, ChunkSize, offset);
            if (chunk is null) Tool.Check(-1, "pread");
            ReadOnlySpan<byte> data = chunk.AsSpan().TrimEnd((byte)0);
            if (data.IsEmpty) continue;
            hash.AppendData(BitConverter.GetBytes(offset));
            hash.AppendData(data);
        }
    }
}

/// <summary>Keeps an array in place while a system call uses it.</summary>
internal readonly struct Pin(byte[] array) : IDisposable
{
    private readonly GCHandle handle = GCHandle.Alloc(array, GCHandleType.Pinned);

    public nint At(int index) => handle.AddrOfPinnedObject() + index;

    public void Dispose() => handle.Free();
}
