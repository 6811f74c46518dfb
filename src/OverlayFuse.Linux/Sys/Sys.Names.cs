using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    /// <summary>mkdirat(2).</summary>
    public static Errno MkDirAt(Fd directory, Name name, uint mode)
    {
        fixed (byte* path = name.WithNul)
            return Result(Libc.mkdirat(directory.Number, path, mode));
    }

    /// <summary>mknodat(2); <paramref name="mode"/> has the type.</summary>
    public static Errno MkNodAt(Fd directory, Name name, uint mode, ulong device)
    {
        fixed (byte* path = name.WithNul)
            return Result(Libc.mknodat(directory.Number, path, mode, device));
    }

    /// <summary>symlinkat(2).</summary>
    public static Errno SymLinkAt(Name target, Fd directory, Name name)
    {
        fixed (byte* to = target.WithNul)
        fixed (byte* path = name.WithNul)
            return Result(Libc.symlinkat(to, directory.Number, path));
    }

    /// <summary>readlinkat(2); with <see cref="Name.Empty"/> of a symbolic link opened with O_PATH.</summary>
    public static Errno ReadLinkAt(Fd directory, Name name, Span<byte> target, out int length)
    {
        fixed (byte* path = name.WithNul)
        fixed (byte* to = target)
            return Result(Libc.readlinkat(directory.Number, path, to, (nuint)target.Length), out length);
    }

    /// <summary>linkat(2), not following symbolic links.</summary>
    public static Errno LinkAt(Fd oldDirectory, Name oldName, Fd newDirectory, Name newName)
    {
        fixed (byte* from = oldName.WithNul)
        fixed (byte* to = newName.WithNul)
            return Result(Libc.linkat(oldDirectory.Number, from, newDirectory.Number, to, 0));
    }

    /// <summary>Gives a name to an open file (of O_TMPFILE, or unlinked with links left), through /proc/self/fd.</summary>
    public static Errno LinkFd(Fd fd, Fd newDirectory, Name newName)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        fixed (byte* from = ProcPath(fd, Name.Empty, buffer).WithNul)
        fixed (byte* to = newName.WithNul)
            return Result(Libc.linkat(Fd.WorkingDirectory.Number, from, newDirectory.Number, to, (int)AtFlags.SymLinkFollow));
    }

    /// <summary>unlinkat(2).</summary>
    public static Errno UnlinkAt(Fd directory, Name name, AtFlags flags = AtFlags.None)
    {
        fixed (byte* path = name.WithNul)
            return Result(Libc.unlinkat(directory.Number, path, (int)flags));
    }

    /// <summary>unlinkat(2) with AT_REMOVEDIR.</summary>
    public static Errno RmDirAt(Fd directory, Name name) => UnlinkAt(directory, name, AtFlags.RemoveDirectory);

    /// <summary>renameat2(2).</summary>
    public static Errno RenameAt(Fd oldDirectory, Name oldName, Fd newDirectory, Name newName, RenameFlags flags = RenameFlags.None)
    {
        fixed (byte* from = oldName.WithNul)
        fixed (byte* to = newName.WithNul)
            return Result(Libc.renameat2(oldDirectory.Number, from, newDirectory.Number, to, (uint)flags));
    }
}
