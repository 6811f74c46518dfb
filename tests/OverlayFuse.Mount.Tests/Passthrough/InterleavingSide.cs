using System.Runtime.InteropServices;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Passthrough;

/// <summary>One file in one mount, with a few descriptors of it. Every step answers what a program would see.</summary>
internal sealed class InterleavingSide(string path) : IDisposable
{
    public const int Slots = 4;
    private readonly int[] descriptors = [.. Enumerable.Repeat(-1, Slots)];

    public bool IsOpen(int slot) => descriptors[slot] >= 0;

    public string Open(int slot, O flags)
    {
        Close(slot);
        descriptors[slot] = Libc.openat(Libc.AT_FDCWD, Libc.Bytes(path), flags | O.CLOEXEC, Mode.Bits(644));
        return Answer(descriptors[slot] < 0 ? -1 : 0);
    }

    public void Close(int slot)
    {
        if (IsOpen(slot)) Tool.Check(Syscall.close(descriptors[slot]), "close");
        descriptors[slot] = -1;
    }

    public string Read(int slot, long offset, int length) => Data(Files.Read(descriptors[slot], length, offset));

    /// <summary>As <see cref="Read"/>, through a mapping; only what lies before the end of the file.</summary>
    public string ReadMapped(int slot, long offset, int length)
    {
        long page = offset & ~4095L;
        nint map = Syscall.mmap(0, (ulong)(offset - page + length), MmapProts.PROT_READ, MmapFlags.MAP_SHARED, descriptors[slot], page);
        if (map == -1) return Answer(-1);
        byte[] data = new byte[length];
        Marshal.Copy(map + (nint)(offset - page), data, 0, length);
        _ = Syscall.munmap(map, (ulong)(offset - page + length));
        return Data(data);
    }

    public string Write(int slot, long offset, byte[] data) => Answer(Files.WriteAll(descriptors[slot], data, offset));

    public string Append(int slot, byte[] data) => Answer(Files.Write(descriptors[slot], data));

    public string TruncateOpen(int slot, long size) => Answer(Syscall.ftruncate(descriptors[slot], size));

    public string Truncate(long size) => Answer(Syscall.truncate(path, size));

    public string ChangeMode(int slot, int mode) => Answer(Syscall.fchmod(descriptors[slot], Mode.Octal(mode)));

    public string Sync(int slot) => Answer(Syscall.fsync(descriptors[slot]));

    public string RenameAround() => Answer(Syscall.rename(path, path + "+") | Syscall.rename(path + "+", path));

    public string Stat() => Syscall.stat(path, out Stat stat) < 0 ? Answer(-1) : Text(stat);

    public string Stat(int slot) => Syscall.fstat(descriptors[slot], out Stat stat) < 0 ? Answer(-1) : Text(stat);

    public long Size() => Syscall.stat(path, out Stat stat) < 0 ? -1 : stat.st_size;

    public void Dispose()
    {
        for (int slot = 0; slot < Slots; slot++) Close(slot);
    }

    public static string Data(byte[]? data) => data is null ? Answer(-1) : Convert.ToHexString(data);

    private static string Text(Stat stat) => $"{stat.st_mode} {stat.st_nlink} {stat.st_size}";

    private static string Answer(long result) => result < 0 ? Stdlib.GetLastError().ToString() : $"{result}";
}
