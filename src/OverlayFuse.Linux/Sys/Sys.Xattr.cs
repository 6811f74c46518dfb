using System.Runtime.InteropServices;
using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

/// <summary>
/// Extended attributes of a name in a directory, not following symbolic links; with <see cref="Name.Empty"/> of the descriptor itself, also
/// of one of O_PATH. The calls are getxattrat(2) and its siblings (6.13). If they are unknown or refused, a path over /proc/self/fd does
/// the same: that takes three times as long and works on every kernel and for every descriptor.
/// </summary>
public static unsafe partial class Sys
{
    private const long SYS_setxattrat = 463;
    private const long SYS_getxattrat = 464;
    private const long SYS_listxattrat = 465;
    private const long SYS_removexattrat = 466;

    /// <summary>getxattrat(2) or lgetxattr(2). An empty <paramref name="value"/> asks for the length only.</summary>
    public static Errno GetXattrAt(Fd directory, Name name, Name xattr, Span<byte> value, out int length)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        fixed (byte* path = name.WithNul)
        fixed (byte* key = xattr.WithNul)
        fixed (byte* to = value)
        {
            var arguments = new XattrArguments { Value = (ulong)to, Size = (uint)value.Length };
            long got = Libc.syscall(SYS_getxattrat, directory.Number, (nint)path, FlagsOf(name), (nint)key, (nint)(&arguments),
                sizeof(XattrArguments));
            if (IsAnswer(got))
                return Result((nint)got, out length);
            fixed (byte* byProc = ProcPath(directory, name, buffer).WithNul)
            {
                return Result(
                    name.Length == 0
                        ? Libc.getxattr(byProc, key, to, (nuint)value.Length)
                        : Libc.lgetxattr(byProc, key, to, (nuint)value.Length),
                    out length);
            }
        }
    }

    /// <summary>fgetxattr(2) of a descriptor that is open for reading or writing.</summary>
    public static Errno FGetXattr(Fd file, Name xattr, Span<byte> value, out int length)
    {
        fixed (byte* key = xattr.WithNul)
        fixed (byte* to = value)
            return Result(Libc.fgetxattr(file.Number, key, to, (nuint)value.Length), out length);
    }

    /// <summary>setxattrat(2) or lsetxattr(2).</summary>
    public static Errno SetXattrAt(Fd directory, Name name, Name xattr, ReadOnlySpan<byte> value, XattrFlags flags = XattrFlags.None)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        fixed (byte* path = name.WithNul)
        fixed (byte* key = xattr.WithNul)
        fixed (byte* from = value)
        {
            var arguments = new XattrArguments { Value = (ulong)from, Size = (uint)value.Length, Flags = flags };
            long done = Libc.syscall(SYS_setxattrat, directory.Number, (nint)path, FlagsOf(name), (nint)key, (nint)(&arguments),
                sizeof(XattrArguments));
            if (IsAnswer(done))
                return Result((int)done);
            fixed (byte* byProc = ProcPath(directory, name, buffer).WithNul)
            {
                return Result(name.Length == 0
                    ? Libc.setxattr(byProc, key, from, (nuint)value.Length, (int)flags)
                    : Libc.lsetxattr(byProc, key, from, (nuint)value.Length, (int)flags));
            }
        }
    }

    /// <summary>
    /// listxattrat(2) or llistxattr(2): names, each with its NUL. An empty <paramref name="list"/> asks for the length only.
    /// </summary>
    public static Errno ListXattrAt(Fd directory, Name name, Span<byte> list, out int length)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        fixed (byte* path = name.WithNul)
        fixed (byte* to = list)
        {
            long got = Libc.syscall(SYS_listxattrat, directory.Number, (nint)path, FlagsOf(name), (nint)to, list.Length, 0);
            if (IsAnswer(got))
                return Result((nint)got, out length);
            fixed (byte* byProc = ProcPath(directory, name, buffer).WithNul)
            {
                return Result(
                    name.Length == 0
                        ? Libc.listxattr(byProc, to, (nuint)list.Length)
                        : Libc.llistxattr(byProc, to, (nuint)list.Length),
                    out length);
            }
        }
    }

    /// <summary>removexattrat(2) or lremovexattr(2).</summary>
    public static Errno RemoveXattrAt(Fd directory, Name name, Name xattr)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        fixed (byte* path = name.WithNul)
        fixed (byte* key = xattr.WithNul)
        {
            long done = Libc.syscall(SYS_removexattrat, directory.Number, (nint)path, FlagsOf(name), (nint)key, 0, 0);
            if (IsAnswer(done))
                return Result((int)done);
            fixed (byte* byProc = ProcPath(directory, name, buffer).WithNul)
                return Result(name.Length == 0 ? Libc.removexattr(byProc, key) : Libc.lremovexattr(byProc, key));
        }
    }

    private static nint FlagsOf(Name name) => (nint)(AtFlags.SymLinkNoFollow | (name.Length == 0 ? AtFlags.EmptyPath : AtFlags.None));

    /// <summary>
    /// True for a real answer: not ENOSYS, not EPERM of a seccomp filter that does not know the call, not EBADF of an O_PATH descriptor
    /// itself.
    /// </summary>
    private static bool IsAnswer(long returned) => returned >= 0 || LastError() is not (Errno.ENOSYS or Errno.EPERM or Errno.EBADF);

    /// <summary>struct xattr_args.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct XattrArguments
    {
        public ulong Value;
        public uint Size;
        public XattrFlags Flags;
    }
}
