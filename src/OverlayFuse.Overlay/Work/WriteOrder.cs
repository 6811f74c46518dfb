using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Work;

/// <summary>
/// Whether a file system keeps this order over a crash: data that were written out (sync_file_range(2), not fsync(2)) before a file was
/// given a name are there when the name is. A file system with a journal does: the extents of such data are noted in it when they are
/// written, before they count as written, and so before the name; and the disk's own cache is flushed before the journal says so (ext4:
/// jbd2_journal_commit_transaction; xfs: xlog_cil_push_work). btrfs does not, nor an ext4 without journal.
/// </summary>
internal static class WriteOrder
{
    private const long EXT4_SUPER_MAGIC = 0xEF53, XFS_SUPER_MAGIC = 0x58465342;

    /// <summary>Looks at the file system of a directory.</summary>
    public static bool IsKept(Fd directory) => Sys.FStatFs(directory, out StatFs disk) == Errno.None && disk.Type switch
    {
        XFS_SUPER_MAGIC => true,
        EXT4_SUPER_MAGIC => HasJournal(directory),
        _ => false,
    };

    /// <summary>jbd2 names its journals by device and inode, and the one inside ext4 is always inode 8 (EXT4_JOURNAL_INO).</summary>
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
        return Sys.StatxAt(Fd.WorkingDirectory, Name.From(Proc.PathOf($"fs/jbd2/{NativeText.From(name)}-8")), out _, StatxMask.Type) == Errno.None;
    }
}
