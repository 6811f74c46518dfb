using System.Runtime.InteropServices;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>pread(2) of whole blocks into memory that starts a page: what O_DIRECT asks for.</summary>
internal sealed record ReadBlocks(string Slot, long Offset, int Blocks) : Operation
{
    public override string Run(Session session) => PageMemory.With(Blocks, address =>
    {
        long count = Syscall.pread(session.Descriptor(Slot), address, (ulong)(Blocks * PageMemory.Size), Offset);
        return count < 0 ? Session.Failed() : Session.Data(PageMemory.Content(address, (int)count));
    });
}

/// <summary>pwrite(2) of whole blocks of one letter, from memory that starts a page.</summary>
internal sealed record WriteBlocks(string Slot, long Offset, int Blocks, char Letter) : Operation
{
    public override string Run(Session session) => PageMemory.With(Blocks, address =>
    {
        PageMemory.Fill(address, Blocks * PageMemory.Size, (byte)Letter);
        return Session.Count(Syscall.pwrite(session.Descriptor(Slot), address, (ulong)(Blocks * PageMemory.Size), Offset));
    });
}

/// <summary>Anonymous mappings for blocks.</summary>
internal static class PageMemory
{
    public const int Size = 4096;

    public static string With(int blocks, Func<nint, string> use)
    {
        ulong length = (ulong)blocks * Size;
        nint address = Syscall.mmap(0, length, MmapProts.PROT_READ | MmapProts.PROT_WRITE, MmapFlags.MAP_PRIVATE | MmapFlags.MAP_ANONYMOUS,
            -1, 0);
        if (address == -1) Tool.Check(-1, "mmap");
        string result = use(address);
        _ = Syscall.munmap(address, length);
        return result;
    }

    public static byte[] Content(nint address, int length)
    {
        byte[] content = new byte[length];
        Marshal.Copy(address, content, 0, length);
        return content;
    }

    public static void Fill(nint address, int length, byte value) =>
        Marshal.Copy(Enumerable.Repeat(value, length).ToArray(), 0, address, length);
}

/// <summary>
/// An open-file-description lock (fcntl(2), F_OFD_SETLK): the same byte ranges as POSIX locks, but between descriptors of one process.
/// Type 0: shared, 1: exclusive, 2: none.
/// </summary>
internal sealed record RangeLock(string Slot, short Type, long Start, long Length) : Operation
{
    public override string Run(Session session)
    {
        var flock = new FlockRange { Type = Type, Start = Start, Length = Length };
        return Session.Ok(Libc.fcntl(session.Descriptor(Slot), Libc.F_OFD_SETLK, ref flock));
    }
}

/// <summary>Keeps the start of a file mapped under a name.</summary>
internal sealed record Map(string Name, string Slot, int Length, bool Shared, bool Writable = false) : Operation
{
    public override string Run(Session session)
    {
        MmapProts protection = Writable ? MmapProts.PROT_READ | MmapProts.PROT_WRITE : MmapProts.PROT_READ;
        return session.KeepMapping(Name,
            Syscall.mmap(0, (ulong)Length, protection, Shared ? MmapFlags.MAP_SHARED : MmapFlags.MAP_PRIVATE, session.Descriptor(Slot), 0),
            Length);
    }
}

/// <summary>Reads what a kept mapping shows now.</summary>
internal sealed record MappedContent(string Name) : Operation
{
    public override string Run(Session session) =>
        session.Mapping(Name) is (not 0, var length) mapping ? Mapping.Take(mapping.Address, length) : "EFAULT";
}

/// <summary>Writes into a kept mapping; what the file shows of it without msync(2) is the page cache's.</summary>
internal sealed record MappedWrite(string Name, string Content) : Operation
{
    public override string Run(Session session) =>
        session.Mapping(Name) is (not 0, _) mapping ? Mapping.Put(mapping.Address, Values.Bytes(Content)) : "EFAULT";
}
