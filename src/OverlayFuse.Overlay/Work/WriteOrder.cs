using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Work;

/// <summary>
/// Tells if a file system keeps this order over a crash: data were written out (sync_file_range(2), not fsync(2)) before the file got a
/// name, so if the name survives, the data do. A file system with a journal keeps it. The journal notes the extents of the data before the
/// data count as written, and so before the name. The disk's own cache is flushed before the journal is committed (ext4:
/// jbd2_journal_commit_transaction; xfs: xlog_cil_push_work). btrfs does not keep it, and neither does ext4 without a journal.
/// </summary>
internal static class WriteOrder
{
    /// <summary>True if the file system of a directory keeps the order.</summary>
    public static bool IsKept(Fd directory) => Sys.FStatFs(directory, out StatFs disk) == Errno.None && disk.Type switch
    {
        FileSystemTypes.Xfs => true,
        FileSystemTypes.Ext4 => HasJournal(directory),
        _ => false,
    };

    /// <summary>jbd2 names its journals by device and inode. The journal inside ext4 is always inode 8 (EXT4_JOURNAL_INO).</summary>
    private static bool HasJournal(Fd directory)
    {
        if (Sys.FStatx(directory, out Statx stat, StatxMask.Ino) != Errno.None)
            return false;
        Span<byte> target = stackalloc byte[4096];
        Name device = Name.From(string.Create(CultureInfo.InvariantCulture, $"/sys/dev/block/{stat.DevMajor}:{stat.DevMinor}"));
        if (Sys.ReadLinkAt(Fd.WorkingDirectory, device, target, out int length) != Errno.None)
            return false;
        ReadOnlySpan<byte> name = target[..length];
        name = name[(name.LastIndexOf((byte)'/') + 1)..];
        Name journal = Name.From(Proc.PathOf($"fs/jbd2/{NativeText.From(name)}-8"));
        return Sys.StatxAt(Fd.WorkingDirectory, journal, out _, StatxMask.Type) == Errno.None;
    }
}
