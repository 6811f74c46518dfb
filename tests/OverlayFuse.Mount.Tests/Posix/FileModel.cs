using System.Runtime.InteropServices;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Posix;

/// <summary>
/// A file and its content in memory: each step does the same to both, as fsx does. A shared mapping is kept over the steps, so that the
/// page cache, read(2) and write(2) must agree all the time.
/// </summary>
internal sealed class FileModel : IDisposable
{
    public const int Largest = 256 << 10;
    private readonly string path;
    private readonly Random random;
    private readonly byte[] content = new byte[Largest];
    private int fd;
    private nint map;
    private int size;

    public FileModel(string path, int seed, byte[] start)
    {
        this.path = path;
        random = new Random(seed);
        start.CopyTo(content, 0);
        size = start.Length;
        Reopen();
    }

    /// <summary>One random step; what it was, for the report.</summary>
    public string Step() => random.Next(12) switch
    {
        0 or 1 => Write(),
        2 or 3 => Read(),
        4 => Truncate(),
        5 => WriteMapped(),
        6 => ReadMapped(),
        7 => Allocate(FallocFlags.PunchHole | FallocFlags.KeepSize),
        8 => Allocate(FallocFlags.ZeroRange | FallocFlags.KeepSize),
        9 => Allocate(FallocFlags.None),
        10 => CopyRange(),
        _ => random.Next(10) == 0 ? ReopenOrSync() : Read(),
    };

    /// <summary>Throws when a byte of the file is not the model's.</summary>
    public void Check(string after)
    {
        Tool.Check(Syscall.fstat(fd, out Stat stat), "fstat");
        if (stat.st_size != size) throw new InvalidDataException($"{after}: size {stat.st_size}, not {size}");
        Same(Files.Read(fd, Largest, 0), 0, size, after);
    }

    public void Dispose()
    {
        if (map != 0) _ = Syscall.munmap(map, Largest);
        map = 0;
        _ = Syscall.close(fd);
    }

    private string Write()
    {
        (int offset, int length) = Range(Largest);
        byte[] data = new byte[length];
        random.NextBytes(data);
        Tool.Check(Files.WriteAll(fd, data, offset), "pwrite");
        data.CopyTo(content, offset);
        size = Math.Max(size, offset + length);
        return $"write {offset}+{length}";
    }

    private string Read()
    {
        (int offset, int length) = Range(Largest);
        Same(Files.Read(fd, length, offset), offset, Math.Clamp(size - offset, 0, length), "read");
        return $"read {offset}+{length}";
    }

    private string Truncate()
    {
        int to = random.Next(Largest);
        Tool.Check(Syscall.ftruncate(fd, to), "ftruncate");
        if (to < size) Array.Clear(content, to, size - to);
        size = to;
        return $"truncate {to}";
    }

    private string WriteMapped()
    {
        if (size == 0) return "nothing to map";
        (int offset, int length) = Range(size);
        byte[] data = new byte[length];
        random.NextBytes(data);
        Marshal.Copy(data, 0, map + offset, length);
        data.CopyTo(content, offset);
        return $"mapped write {offset}+{length}";
    }

    private string ReadMapped()
    {
        if (size == 0) return "nothing to map";
        (int offset, int length) = Range(size);
        byte[] data = new byte[length];
        Marshal.Copy(map + offset, data, 0, length);
        Same(data, offset, length, "mapped read");
        return $"mapped read {offset}+{length}";
    }

    private string Allocate(FallocFlags flags)
    {
        (int offset, int length) = Range(Largest);
        Tool.Check(Libc.fallocate(fd, flags, offset, length), $"fallocate {flags}");
        if (flags == FallocFlags.None) size = Math.Max(size, offset + length);
        else Array.Clear(content, offset, Math.Clamp(size - offset, 0, length));
        return $"fallocate {flags} {offset}+{length}";
    }

    private string CopyRange()
    {
        if (size < 4) return "too small to copy";
        int length = random.Next(1, size / 2), from = random.Next(size - 2 * length + 1),
            to = from + length + random.Next(Largest - from - 2 * length);
        for (int done = 0; done < length;)
        {
            (long source, long target) = (from + done, to + done);
            done += (int)Tool.Check(Libc.copy_file_range(fd, ref source, fd, ref target, (nuint)(length - done), 0), "copy_file_range");
        }
        Array.Copy(content, from, content, to, length);
        size = Math.Max(size, to + length);
        return $"copy {from}+{length} to {to}";
    }

    private string ReopenOrSync()
    {
        Tool.Check(Syscall.fsync(fd), "fsync");
        if (random.Next(2) == 0) return "fsync";
        Dispose();
        Reopen();
        return "reopen";
    }

    private void Reopen()
    {
        fd = (int)Tool.Check(Libc.openat(Libc.AT_FDCWD, Libc.Bytes(path), O.RDWR | O.CLOEXEC, 0), "open " + path);
        map = Syscall.mmap(0, Largest, MmapProts.PROT_READ | MmapProts.PROT_WRITE, MmapFlags.MAP_SHARED, fd, 0);
        if (map == -1) Tool.Check(-1, "mmap");
    }

    private (int Offset, int Length) Range(int end)
    {
        int offset = random.Next(end);
        return (offset, random.Next(1, Math.Min(end - offset, 32 << 10) + 1));
    }

    private void Same(byte[]? actual, int offset, int length, string what)
    {
        if (actual is null) Tool.Check(-1, what);
        if (actual!.Length != length) throw new InvalidDataException($"{what} at {offset}: {actual.Length} bytes, not {length}");
        int same = actual.AsSpan().CommonPrefixLength(content.AsSpan(offset, length));
        if (same < length) throw new InvalidDataException($"{what}: byte {offset + same} is {actual[same]}, not {content[offset + same]}");
    }
}
