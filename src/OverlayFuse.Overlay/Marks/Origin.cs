using System.Buffers.Binary;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Xattr "origin": the file handle of the lower inode that an upper one was copied from. By it st_ino stays the same over copy-up and over
/// mounts. On disk it is a struct ovl_fb: version 0, magic 0xfb, length, flags (bit 0: big endian), handle type, 16 bytes of file-system
/// UUID, the handle. It is empty if the lower file system gives no handles (ovl_encode_real_fh, ovl_set_origin).
/// </summary>
/// <param name="layers">The layers.</param>
/// <param name="inos">Numbers of the merged view.</param>
/// <param name="xattrs">The private names.</param>
/// <param name="hasIndex">True if copies of lower files with several links stay one file and keep its number.</param>
internal sealed class Origin(LayerStack layers, InoMapper inos, OverlayXattr xattrs, bool hasIndex)
{
    public const int MaxSize = HeaderSize + 128;
    private const int HeaderSize = 21;
    private const int UuidOffset = 5;
    private const byte Magic = 0xFB;

    /// <summary>FILEID_INO32_GEN: ext4, xfs and others.</summary>
    private const int Ino32 = 1;
    private const int Ino32Length = 8;

    /// <summary>XFS_FILEID_TYPE_64FLAG | FILEID_INO32_GEN.</summary>
    private const int XfsIno64 = 0x81;

    /// <summary>FILEID_BTRFS_WITHOUT_PARENT.</summary>
    private const int BtrfsObject = 0x4D;

    /// <summary>Makes the value for a lower file.</summary>
    /// <param name="layer">Its layer.</param>
    /// <param name="directory">The directory that holds it.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="value">At least <see cref="MaxSize"/> bytes.</param>
    /// <returns>The length; 0 for the null origin.</returns>
    public static int Encode(Layer layer, Fd directory, Name name, Span<byte> value)
    {
        if (Sys.NameToHandleAt(directory, name, value[HeaderSize..], out int type, out int length) != Errno.None
            || type is <= 0 or > 0xFE)
            return 0;
        value[0] = 0;
        value[1] = Magic;
        value[2] = (byte)(HeaderSize + length);
        value[3] = (byte)(BitConverter.IsLittleEndian ? 0 : 1);
        value[4] = (byte)type;
        layer.Uuid.CopyTo(value[UuidOffset..]);
        return HeaderSize + length;
    }

    /// <summary>
    /// True if two handles differ in the UUID alone, and the first has none: the UUID of its file system could not be found out.
    /// </summary>
    public static bool LacksUuid(ReadOnlySpan<byte> made, ReadOnlySpan<byte> other) =>
        made.Length > HeaderSize && made.Length == other.Length && !made.SequenceEqual(other)
        && made[..UuidOffset].SequenceEqual(other[..UuidOffset]) && made[HeaderSize..].SequenceEqual(other[HeaderSize..])
        && !made[UuidOffset..HeaderSize].ContainsAnyExcept((byte)0);

    /// <summary>Turns a handle into that of an upper inode (OVL_FH_FLAG_PATH_UPPER).</summary>
    public static void MarkUpper(Span<byte> value) => value[3] |= 4;

    /// <summary>
    /// Lets an upper non-directory show its origin's inode number. A broken origin is no error: the file then shows its own number. So does
    /// a file whose origin has several links: all copies would show the same number (ovl_getattr).
    /// </summary>
    /// <param name="upper">The directory that holds the file.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="type">Its type; an origin of another type counts as broken.</param>
    /// <param name="ino">st_ino of the file; the origin's if it has one.</param>
    /// <param name="hasOrigin">True if <paramref name="ino"/> was set.</param>
    public Errno Read(Fd upper, Name name, FileType type, ref ulong ino, out bool hasOrigin)
    {
        hasOrigin = false;
        Span<byte> value = stackalloc byte[MaxSize];
        Errno error = Sys.GetXattrAt(upper, name, xattrs.Origin, value, out int length);
        // EACCES: user.* of a file that the mounter may not read.
        if (error is Errno.ENODATA or Errno.EOPNOTSUPP or Errno.ERANGE or Errno.EACCES)
            return Errno.None;
        if (error != Errno.None || !IsHandle(value[..length]))
            return error;
        foreach (Layer layer in layers.Lowers)
        {
            if (!layer.Uuid.AsSpan().SequenceEqual(value.Slice(UuidOffset, layer.Uuid.Length)) || IsAmbiguous(layer))
                continue;
            if (!TryDecode(layer, value[4], value[HeaderSize..length], type, out ulong lower))
                continue;
            ino = inos.Map(layer.Dev, lower);
            hasOrigin = true;
            break;
        }
        return Errno.None;
    }

    /// <summary>
    /// Gives an upper directory that merges with a lower one its origin, if the program that made it wrote none (ovl_fix_origin).
    /// </summary>
    /// <returns>True if the origin was written. The parent has become impure then.</returns>
    public bool WriteMissing(Fd upperParent, Fd lowerParent, Name name, Layer lower)
    {
        if (Sys.GetXattrAt(upperParent, name, xattrs.Origin, default, out _) != Errno.ENODATA)
            return false;
        Span<byte> value = stackalloc byte[MaxSize];
        int length = Encode(lower, lowerParent, name, value);
        return Sys.SetXattrAt(upperParent, name, xattrs.Origin, value[..length]) == Errno.None;
    }

    /// <summary>Finds the inode of a handle on the file system of one layer.</summary>
    public static bool TryFind(Layer layer, ReadOnlySpan<byte> value, out ulong ino)
    {
        ino = 0;
        return IsHandle(value) && layer.Uuid.AsSpan().SequenceEqual(value.Slice(UuidOffset, layer.Uuid.Length))
            && TryRead(layer, value[4], value[HeaderSize..], out ino);
    }

    /// <summary>
    /// True if the lower file of a handle is gone. If not, <paramref name="links"/> is its link count, as far as it can be opened.
    /// </summary>
    public static bool IsGone(LayerStack layers, ReadOnlySpan<byte> value, out uint links)
    {
        links = 0;
        if (!IsHandle(value))
            return false;
        foreach (Layer layer in layers.Lowers)
        {
            if (!layer.Uuid.AsSpan().SequenceEqual(value.Slice(UuidOffset, layer.Uuid.Length)))
                continue;
            Errno error = Sys.OpenByHandleAt(layer.Root.Fd, value[4], value[HeaderSize..], OpenFlags.Path, out Fd opened);
            using var file = new ScopedFd(opened);
            if (error == Errno.None && Sys.FStatx(file, out Statx stat) == Errno.None)
                links = stat.Nlink;
            if (error != Errno.ESTALE)
                return false;
        }
        return true;
    }

    /// <summary>Opens the upper directory of a handle that <see cref="MarkUpper"/> has made.</summary>
    /// <returns>ESTALE if the directory is gone, EINVAL for a value that is no handle.</returns>
    public static Errno OpenUpper(Layer upper, Span<byte> value, out Fd fd)
    {
        fd = Fd.None;
        if (value.Length > HeaderSize)
            value[3] &= 0xFB;
        return IsHandle(value) ? Sys.OpenByHandleAt(upper.Root.Fd, value[4], value[HeaderSize..], OpenFlags.Path, out fd) : Errno.EINVAL;
    }

    /// <summary>True if another file system of the stack has the same UUID (a copied image). A handle could belong to either.</summary>
    private bool IsAmbiguous(Layer layer)
    {
        foreach (Layer other in layers.Lowers)
        {
            if (other.Dev != layer.Dev && other.Uuid.AsSpan().SequenceEqual(layer.Uuid))
                return true;
        }
        return false;
    }

    public static bool IsHandle(ReadOnlySpan<byte> value) =>
        value.Length > HeaderSize && value[0] == 0 && value[1] == Magic && value[2] == value.Length
        && value[3] == (BitConverter.IsLittleEndian ? 0 : 1);

    private static bool TryRead(Layer layer, int handleType, ReadOnlySpan<byte> handle, out ulong ino)
    {
        Errno error = Stat(layer, handleType, handle, out Statx stat);
        if (error == Errno.EPERM)
            return TryParse(handleType, handle, out ino);
        ino = stat.Ino;
        return error == Errno.None;
    }

    private bool TryDecode(Layer layer, int handleType, ReadOnlySpan<byte> handle, FileType expected, out ulong ino)
    {
        Errno error = Stat(layer, handleType, handle, out Statx stat);
        if (error == Errno.EPERM)
            return TryParse(handleType, handle, out ino);
        ino = 0;
        if (error != Errno.None || stat.Type != expected || (stat.Nlink != 1 && !hasIndex))
            return false;
        ino = stat.Ino;
        return true;
    }

    /// <summary>Reads the attributes of the inode of a handle.</summary>
    /// <returns>EPERM without CAP_DAC_READ_SEARCH.</returns>
    private static Errno Stat(Layer layer, int handleType, ReadOnlySpan<byte> handle, out Statx stat)
    {
        stat = default;
        Errno error;
        if ((error = Sys.OpenByHandleAt(layer.Root.Fd, handleType, handle, OpenFlags.Path, out Fd opened)) != Errno.None)
            return error;
        using var file = new ScopedFd(opened);
        return Sys.FStatx(file, out stat);
    }

    /// <summary>
    /// Reads the number from a handle. Without CAP_DAC_READ_SEARCH it cannot be opened; those of the usual file systems begin with the
    /// number.
    /// </summary>
    private static bool TryParse(int type, ReadOnlySpan<byte> handle, out ulong ino)
    {
        ino = (type, handle.Length) switch
        {
            (Ino32, Ino32Length) => BinaryPrimitives.ReadUInt32LittleEndian(handle),
            (XfsIno64 or BtrfsObject, >= 12) => BinaryPrimitives.ReadUInt64LittleEndian(handle),
            _ => 0,
        };
        return ino != 0;
    }
}
