using System.Globalization;
using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    /// <summary>Room for "/proc/self/fd/2147483647/" and a name of 255 bytes.</summary>
    private const int ProcPathSize = 300;

    /// <summary>
    /// Called when there is no descriptor left (EMFILE, ENFILE), with the number of failures of one call. It closes descriptors that can be
    /// opened again, or waits until others have closed theirs. True: try once more.
    /// </summary>
    public static Func<Errno, int, bool>? OnNoDescriptors { get; set; }

    /// <summary>openat(2); O_CLOEXEC is always added.</summary>
    public static Errno OpenAt(Fd directory, Name name, OpenFlags flags, out Fd fd, uint mode = 0)
    {
        fixed (byte* path = name.WithNul)
        {
            Errno error;
            int failures = 0;
            do
            {
                int returned = Libc.openat(directory.Number, path, flags | OpenFlags.CloseOnExec, mode);
                fd = new Fd(returned);
                error = Result(returned);
            }
            while (error == Errno.EINTR || MayOpenAgain(error, ref failures));
            return error;
        }
    }

    /// <summary>
    /// Opens for reading without changing the access time, if the caller may ask for that: the owner, or with CAP_FOWNER.
    /// </summary>
    public static Errno OpenUnnoticedAt(Fd directory, Name name, OpenFlags flags, out Fd fd)
    {
        Errno error = OpenAt(directory, name, flags | OpenFlags.NoAccessTime, out fd);
        return error == Errno.EPERM ? OpenAt(directory, name, flags, out fd) : error;
    }

    /// <summary>Opens the file of a descriptor (also one of O_PATH) again, with other flags, through /proc/self/fd.</summary>
    public static Errno Reopen(Fd fd, OpenFlags flags, out Fd reopened)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        // The entry in /proc is itself a symbolic link.
        OpenFlags follow = flags & ~OpenFlags.NoFollow;
        return OpenAt(Fd.WorkingDirectory, ProcPath(fd, Name.Empty, buffer), follow, out reopened);
    }

    /// <summary>
    /// name_to_handle_at(2): the file handle that exportfs gives for an inode. The kernel's ovl_encode_real_fh stores the same one.
    /// </summary>
    /// <param name="directory">The directory of <paramref name="name"/>.</param>
    /// <param name="name">The file; symbolic links are not followed.</param>
    /// <param name="handle">At least 128 bytes.</param>
    /// <param name="type">The type of the handle; each file system has its own.</param>
    /// <param name="length">The number of bytes used in <paramref name="handle"/>.</param>
    public static Errno NameToHandleAt(Fd directory, Name name, Span<byte> handle, out int type, out int length)
    {
        byte* buffer = stackalloc byte[8 + 128];
        *(uint*)buffer = 128;
        int mountId;
        AtFlags flags = name.Length == 0 ? AtFlags.EmptyPath : AtFlags.None;
        fixed (byte* path = name.WithNul)
        {
            Errno error = Result(Libc.name_to_handle_at(directory.Number, path, buffer, &mountId, (int)flags));
            length = error == Errno.None ? (int)*(uint*)buffer : 0;
            type = *(int*)(buffer + 4);
            new ReadOnlySpan<byte>(buffer + 8, length).CopyTo(handle);
            return error;
        }
    }

    /// <summary>open_by_handle_at(2): needs CAP_DAC_READ_SEARCH.</summary>
    /// <param name="fileSystem">Any descriptor on the file system; not of O_PATH.</param>
    /// <param name="type">The type of the handle.</param>
    /// <param name="handle">The handle, at most 128 bytes.</param>
    /// <param name="flags">As for open.</param>
    /// <param name="fd">The descriptor.</param>
    public static Errno OpenByHandleAt(Fd fileSystem, int type, ReadOnlySpan<byte> handle, OpenFlags flags, out Fd fd)
    {
        fd = Fd.None;
        if (handle.Length > 128)
            return Errno.EINVAL;
        byte* buffer = stackalloc byte[8 + 128];
        *(uint*)buffer = (uint)handle.Length;
        *(int*)(buffer + 4) = type;
        handle.CopyTo(new Span<byte>(buffer + 8, 128));
        Errno error;
        int failures = 0;
        do
        {
            int returned = Libc.open_by_handle_at(fileSystem.Number, buffer, flags | OpenFlags.CloseOnExec);
            fd = new Fd(returned);
            error = Result(returned);
        }
        while (MayOpenAgain(error, ref failures));
        return error;
    }

    private static bool MayOpenAgain(Errno error, ref int failures) =>
        error is Errno.EMFILE or Errno.ENFILE && OnNoDescriptors is { } relief && relief(error, ++failures);

    /// <summary>"/proc/self/fd/N" or "/proc/self/fd/N/name": a path for calls that take no directory descriptor.</summary>
    private static Name ProcPath(Fd directory, Name name, Span<byte> buffer)
    {
        ReadOnlySpan<byte> prefix = Proc.Descriptors;
        prefix.CopyTo(buffer);
        // The buffer has room for any number.
        _ = directory.Number.TryFormat(buffer[prefix.Length..], out int digits, default, CultureInfo.InvariantCulture);
        int end = prefix.Length + digits;
        if (name.Length > 0)
        {
            buffer[end++] = (byte)'/';
            name.Bytes.CopyTo(buffer[end..]);
            end += name.Length;
        }
        buffer[end] = 0;
        return new Name(buffer[..(end + 1)]);
    }
}
