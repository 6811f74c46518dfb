using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>Reads the start of a file through a mapping.</summary>
internal sealed record MapRead(string Slot, int Length, bool Shared = true) : Operation
{
    public override string Run(Session session) =>
        Mapping.With(session.Descriptor(Slot), Length, Shared, writable: false, address => Mapping.Take(address, Length));
}

/// <summary>Writes the start of a file through a shared mapping; in a private one the file stays as it was.</summary>
internal sealed record MapWrite(string Slot, string Content, bool Shared = true) : Operation
{
    public override string Run(Session session)
    {
        byte[] content = Values.Bytes(Content);
        return Mapping.With(session.Descriptor(Slot), content.Length, Shared, writable: true, address => Mapping.Put(address, content));
    }
}

/// <summary>
/// Mappings are touched by read(2) and write(2) on a pipe: a page that cannot be had then gives EFAULT, not SIGBUS, which would end the
/// test run.
/// </summary>
internal static class Mapping
{
    private const int SeekCurrent = 1;

    public static string With(int fd, int length, bool shared, bool writable, Func<nint, string> use)
    {
        if (Syscall.fstat(fd, out Stat stat) < 0) return Session.Failed();
        if (stat.st_size < length) return "shorter than the mapping";
        if ((NativeConvert.FromFilePermissions(stat.st_mode) & Mode.S_IFMT) == Mode.S_IFREG && StartsWithHole(fd)) return "a hole";
        MmapProts protection = writable ? MmapProts.PROT_READ | MmapProts.PROT_WRITE : MmapProts.PROT_READ;
        nint address = Syscall.mmap(0, (ulong)length, protection, shared ? MmapFlags.MAP_SHARED : MmapFlags.MAP_PRIVATE, fd, 0);
        if (address == -1) return Session.Failed();
        string result = use(address);
        if (writable && shared) result += " msync " + Session.Ok(Syscall.msync(address, (ulong)length, MsyncFlags.MS_SYNC));
        _ = Syscall.munmap(address, (ulong)length);
        return result;
    }

    public static string Take(nint address, int length) => WithPipe((reader, writer) =>
    {
        if (Syscall.write(writer, address, (ulong)length) < 0) return Session.Failed();
        byte[] data = new byte[length];
        using var pin = new Pin(data);
        Tool.Check(Syscall.read(reader, pin.At(0), (ulong)length), "read from pipe");
        return Session.Data(data);
    });

    public static string Put(nint address, byte[] content) => WithPipe((reader, writer) =>
    {
        Tool.Check(Files.Write(writer, content), "write to pipe");
        return Session.Count(Syscall.read(reader, address, (ulong)content.Length));
    });

    /// <summary>tmpfs fills a hole that is mapped, even for reading; read(2), by which a FUSE daemon gets the page, does not.</summary>
    private static bool StartsWithHole(int fd)
    {
        long position = Libc.lseek(fd, 0, SeekCurrent), data = Libc.lseek(fd, 0, Libc.SEEK_DATA);
        _ = Libc.lseek(fd, position, 0);
        return data != 0;
    }

    private static string WithPipe(Func<int, int, string> use)
    {
        Tool.Check(Syscall.pipe(out int reader, out int writer), "pipe");
        string result = use(reader, writer);
        _ = Syscall.close(reader);
        _ = Syscall.close(writer);
        return result;
    }
}
