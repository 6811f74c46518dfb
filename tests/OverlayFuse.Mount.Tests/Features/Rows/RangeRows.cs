using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Ranges of files")]
internal static class RangeRows
{
    private const FallocFlags UnshareRange = (FallocFlags)0x40;

    [Feature("fallocate(2): allocate, KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE")]
    public static void Allocate(Stage s)
    {
        int fd = OpenUpper(s);
        s.Point("KEEP_SIZE", Stage.Fallocate(fd, FallocFlags.KeepSize, 0, 1 << 20) == 0);
        s.Point("is $(stat -c %s m/f) 65536; [ $(stat -c %b m/f) -ge 2048 ]");
        s.Point("PUNCH_HOLE", Stage.Fallocate(fd, FallocFlags.PunchHole | FallocFlags.KeepSize, 4096, 4096) == 0);
        s.Point("ZERO_RANGE", Stage.Fallocate(fd, FallocFlags.ZeroRange, 12288, 4096) == 0);
        s.Point("allocate", Stage.Fallocate(fd, FallocFlags.None, 0, 2 << 20) == 0);
        s.Point("is $(stat -c %s m/f) $((2 << 20)); is $(head -c 65536 m/f | tr -d '\\0' | wc -c) 57344");
    }

    [Feature("fallocate(2): COLLAPSE_RANGE, INSERT_RANGE, UNSHARE_RANGE")]
    public static void MoveRanges(Stage s)
    {
        int fd = OpenUpper(s);
        s.Point("COLLAPSE_RANGE", Stage.Fallocate(fd, FallocFlags.CollapseRange, 0, 4096) == 0);
        s.Point("INSERT_RANGE", Stage.Fallocate(fd, FallocFlags.InsertRange, 0, 4096) == 0);
        s.Point("UNSHARE_RANGE", Stage.Fallocate(fd, UnshareRange, 0, 4096) == 0);
    }

    [Feature("lseek(2) with SEEK_HOLE and SEEK_DATA")]
    public static void Seek(Stage s)
    {
        s.Build("truncate -s 1M b/f; printf data | dd of=b/f bs=1 seek=512K conv=notrunc status=none");
        s.Mount();
        int fd = s.Open("m/f", O.RDONLY);
        s.Point("SEEK_DATA", Libc.lseek(fd, 0, Libc.SEEK_DATA) == 512 << 10);
        s.Point("SEEK_HOLE", Libc.lseek(fd, 512 << 10, Libc.SEEK_HOLE) == (512 << 10) + 4096);
    }

    [Feature("copy_file_range(2) shares blocks where the disk can")]
    public static void CopyRange(Stage s)
    {
        s.OnXfs();
        s.Mount();
        s.Do("head -c 8M /dev/urandom > m/f; xfs_io -c fsync m/f");
        s.Point("xfs_io -f -c 'copy_range -l 8M m/f' -c fsync m/g; cmp m/f m/g; xfs_io -r -c 'fiemap -v' u/g | grep -q '0x2...'");
    }

    [Feature("FICLONE (`cp --reflink=always`)")]
    public static void Clone(Stage s)
    {
        s.OnXfs();
        s.Mount();
        s.Do("head -c 1M /dev/urandom > m/f");
        s.Point("cp --reflink=always m/f m/g; cmp m/f m/g");
    }

    private static int OpenUpper(Stage s)
    {
        s.OnXfs();
        s.Build("mkdir -p u");
        s.Mount();
        s.Do("head -c 65536 /dev/zero | tr '\\0' x > m/f; sync u/f");
        return s.Open("m/f", O.RDWR);
    }
}
