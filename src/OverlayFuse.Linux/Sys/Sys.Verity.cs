using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    /// <summary>The longest digest that fs-verity makes: SHA-512.</summary>
    public const int MaxVerityDigest = 64;

    /// <summary>FS_IOC_MEASURE_VERITY: the digest of a file whose content can never change.</summary>
    /// <param name="file">The file, open for reading.</param>
    /// <param name="digest"><see cref="MaxVerityDigest"/> bytes.</param>
    /// <param name="algorithm">1: SHA-256, 2: SHA-512 (FS_VERITY_HASH_ALG_*).</param>
    /// <param name="length">Of the digest.</param>
    /// <returns>ENODATA for a file that has none, ENOTTY or EOPNOTSUPP where there are none.</returns>
    public static Errno MeasureVerity(Fd file, Span<byte> digest, out int algorithm, out int length)
    {
        const nuint FS_IOC_MEASURE_VERITY = 0xC0046686;
        ushort* measured = stackalloc ushort[2 + (MaxVerityDigest / 2)];
        measured[0] = 0;
        measured[1] = MaxVerityDigest;
        Errno error = Result(Libc.ioctl(file.Number, FS_IOC_MEASURE_VERITY, (byte*)measured));
        (algorithm, length) = error == Errno.None ? (measured[0], measured[1]) : (0, 0);
        new ReadOnlySpan<byte>(measured + 2, length).CopyTo(digest);
        return error;
    }
}
