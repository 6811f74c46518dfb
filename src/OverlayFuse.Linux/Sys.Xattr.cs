using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

/// <summary>
/// Extended attributes of a name in a directory, symbolic links not followed; with <see cref="Name.Empty"/> of the descriptor
/// itself, also of one of O_PATH. The path goes over /proc/self/fd: that works on every kernel and for every type of file.
/// </summary>
public static unsafe partial class Sys
{
    /// <summary>lgetxattr(2). An empty <paramref name="value"/> asks for the length only.</summary>
    public static Errno GetXattrAt(Fd directory, Name name, Name xattr, Span<byte> value, out int length)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        fixed (byte* path = ProcPath(directory, name, buffer).WithNul)
        fixed (byte* key = xattr.WithNul)
        fixed (byte* to = value)
        {
            return Result(
                name.Length == 0
                    ? Libc.getxattr(path, key, to, (nuint)value.Length)
                    : Libc.lgetxattr(path, key, to, (nuint)value.Length),
                out length);
        }
    }

    /// <summary>fgetxattr(2), of a descriptor that is open for reading or writing.</summary>
    public static Errno FGetXattr(Fd file, Name xattr, Span<byte> value, out int length)
    {
        fixed (byte* key = xattr.WithNul)
        fixed (byte* to = value)
            return Result(Libc.fgetxattr(file.Number, key, to, (nuint)value.Length), out length);
    }

    /// <summary>lsetxattr(2).</summary>
    public static Errno SetXattrAt(Fd directory, Name name, Name xattr, ReadOnlySpan<byte> value, XattrFlags flags = XattrFlags.None)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        fixed (byte* path = ProcPath(directory, name, buffer).WithNul)
        fixed (byte* key = xattr.WithNul)
        fixed (byte* from = value)
        {
            return Result(name.Length == 0
                ? Libc.setxattr(path, key, from, (nuint)value.Length, (int)flags)
                : Libc.lsetxattr(path, key, from, (nuint)value.Length, (int)flags));
        }
    }

    /// <summary>llistxattr(2): names, each with its NUL. An empty <paramref name="list"/> asks for the length only.</summary>
    public static Errno ListXattrAt(Fd directory, Name name, Span<byte> list, out int length)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        fixed (byte* path = ProcPath(directory, name, buffer).WithNul)
        fixed (byte* to = list)
        {
            return Result(
                name.Length == 0
                    ? Libc.listxattr(path, to, (nuint)list.Length)
                    : Libc.llistxattr(path, to, (nuint)list.Length),
                out length);
        }
    }

    /// <summary>lremovexattr(2).</summary>
    public static Errno RemoveXattrAt(Fd directory, Name name, Name xattr)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        fixed (byte* path = ProcPath(directory, name, buffer).WithNul)
        fixed (byte* key = xattr.WithNul)
            return Result(name.Length == 0 ? Libc.removexattr(path, key) : Libc.lremovexattr(path, key));
    }
}
