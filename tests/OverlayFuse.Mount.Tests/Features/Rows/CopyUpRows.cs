using System.Globalization;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Copy-up")]
internal static class CopyUpRows
{
    private const long Large = 64 << 20;

    [Feature("writing copies up, reading does not; lower layers stay as they were")]
    public static void OnWrite(Stage s)
    {
        s.Build("echo x > b/f; echo x > b/g; ln -s f b/l");
        s.Mount();
        s.Do("cat m/f m/g >/dev/null; readlink m/l; getfattr -d m/f || true; stat m/f");
        s.Point("is \"$(ls -A u)\" ''");
        s.Point("echo more >> m/f; is \"$(cat u/f)\" $'x\\nmore'; is $(cat b/f) x; [ ! -e u/g ]");
    }

    [Feature("mode, owner, times and xattrs are copied exactly")]
    public static void Metadata(Stage s)
    {
        s.Build("echo x > b/f; chown 7:8 b/f; chmod 6751 b/f; setfattr -n user.k -v v b/f; setfattr -n trusted.k -v t b/f; "
            + "touch -d '2001-02-03 04:05:06.123456789' b/f");
        s.Mount();
        s.Do("ln m/f m/h");
        s.Point("is \"$(stat -c '%a %u:%g %y' u/f)\" \"$(stat -c '%a %u:%g %y' b/f)\"");
        s.Point("is \"$(getfattr -d -m '^(user|trusted).k' u/f | tail -n +2)\" \"$(getfattr -d -m '^(user|trusted).k' b/f | tail -n +2)\"");
    }

    [Feature("ACLs and file capabilities are copied")]
    public static void Acls(Stage s)
    {
        s.Build("cp /bin/true b/f; setfacl -m u:7:rwx b/f; setcap cap_net_raw+ep b/f; mkdir b/d; setfacl -d -m g:8:rx b/d");
        s.Mount();
        s.Do("touch m/f m/d");
        s.Point("is \"$(getfacl -cp u/f u/d)\" \"$(getfacl -cp b/f b/d)\"");
        s.Point("is \"$(getcap u/f | cut -d' ' -f2)\" cap_net_raw=ep");
    }

    [Feature("symlinks, fifos and devices too (`touch -h`, `chown -h`)")]
    public static void SpecialFiles(Stage s)
    {
        s.Build("ln -s target b/l; mkfifo b/p; mknod b/c c 1 3; chmod 640 b/p b/c; touch -h -d 2001-02-03 b/*");
        s.Mount();
        s.Do("chown -h 7 m/l m/p m/c");
        s.Point("is \"$(stat -c '%F %a %u %t:%T %y' u/l u/p u/c)\" \"$(stat -c '%F %a 7 %t:%T %y' b/l b/p b/c)\"; "
            + "is $(readlink u/l) target");
    }

    [Feature("directories above are made with their exact modes, owners, times and xattrs")]
    public static void Parents(Stage s)
    {
        s.Build("mkdir -p b/d/e; echo x > b/d/e/f; chmod 2711 b/d; chmod 500 b/d/e; chown 7:8 b/d; setfattr -n user.k -v v b/d; "
            + "touch -d 2001-02-03 b/d/e/f b/d/e b/d");
        s.Mount();
        s.Do("chmod 600 m/d/e/f");
        s.Point("is \"$(stat -c '%a %u:%g %Y' u/d u/d/e)\" \"$(stat -c '%a %u:%g %Y' b/d b/d/e)\"; "
            + "is $(getfattr --only-values -n user.k u/d) v");
    }

    [Feature("a copy is marked with what it was copied from (`origin`), the directory around it as `impure`")]
    public static void Marks(Stage s)
    {
        s.Build("mkdir b/d; echo x > b/d/f");
        s.Mount();
        s.Do("chmod 600 m/d/f");
        s.Point("[ $(getfattr --only-values -n trusted.overlay.origin u/d/f | wc -c) -gt 20 ]");
        s.Point("is $(getfattr --only-values -n trusted.overlay.impure u/d) y");
    }

    [Feature("the copy appears whole: nobody finds half of it in the upper")]
    public static void Atomic(Stage s)
    {
        s.Build(string.Create(CultureInfo.InvariantCulture, $"head -c {Large} /dev/urandom > b/f"));
        s.Mount();
        var sizes = new HashSet<long>();
        Task copyUp = Task.Run(() => s.Do("printf x | dd of=m/f bs=1 conv=notrunc status=none"));
        string copy = s.PathOf("u/f");
        while (!copyUp.IsCompleted)
            if (Syscall.lstat(copy, out Stat stat) == 0) sizes.Add(stat.st_blocks * 512 >= Large ? stat.st_size : -1);
        copyUp.GetAwaiter().GetResult();
        s.Point("seen in the upper: " + string.Join(' ', sizes), sizes.All(size => size == Large));
        s.Point("cmp -i 1 m/f b/f");
    }

    [Feature("holes stay holes")]
    public static void Sparse(Stage s)
    {
        s.Build("truncate -s 1G b/f; printf data | dd of=b/f bs=1 seek=500M conv=notrunc status=none");
        s.Mount();
        s.Do("chmod 600 m/f; sync m/f");
        s.Point("cmp -n 4 -i 500M:0 u/f <(printf data); [ $(stat -c %b u/f) -lt 65536 ]; is $(stat -c %s u/f) $((1 << 30))");
    }

    [Feature("reflinks in place of copies, where the disk can")]
    public static void Reflink(Stage s)
    {
        s.OnXfs();
        s.Build("head -c 32M /dev/urandom > b/f; sync -f .");
        s.Mount();
        s.Do("chmod 600 m/f; sync -f .");
        s.Point("xfs_io -r -c 'fiemap -v' u/f | grep -q '0x2...'; cmp u/f b/f");
    }

    [Feature("opening with O_TRUNC copies no data")]
    public static void Truncating(Stage s)
    {
        s.Build("head -c 16M /dev/zero > b/f; chown 7 b/f; mkdir small; mount -t tmpfs -o size=4M none small; mkdir small/u small/w");
        s.Mount(Stage.Plan() with { Upper = "small/u", Work = "small/w" });
        s.Point("echo new > m/f; is $(cat m/f) new; is $(stat -c %u m/f) 7");
    }

    [Feature("a copy-up that finds no room says ENOSPC and leaves nothing")]
    public static void NoRoom(Stage s)
    {
        s.Build("head -c 16M /dev/urandom > b/f; mkdir small; mount -t tmpfs -o size=4M none small; mkdir small/u small/w");
        s.Mount(Stage.Plan() with { Upper = "small/u", Work = "small/w" });
        s.Do("says 'No space' chmod 600 m/f || says 'No space' dd if=/dev/null of=m/f bs=1 seek=1 conv=notrunc");
        s.Point("cmp m/f b/f; is \"$(find small/u small/w -type f)\" ''; echo new > m/g");
    }

    [Feature("the time of change of the directory around it stays")]
    public static void ParentTime(Stage s)
    {
        s.Build("mkdir b/d; echo x > b/d/f; touch -d 2001-02-03 b/d u/");
        s.Mount();
        s.Do("touch m/d; touch -d 2002-02-03 m/d; chmod 600 m/d/f");
        s.Point("is $(stat -c %y m/d | cut -c1-10) 2002-02-03");
    }

    [Feature("a descriptor opened for reading before it sees what is written after it")]
    public static void OldDescriptor(Stage s)
    {
        s.Build("echo old > b/f");
        s.Mount();
        int reader = s.Open("m/f", O.RDONLY);
        s.Do("printf new | dd of=m/f conv=notrunc status=none");
        s.Point("reads " + Stage.ReadText(reader), Stage.ReadText(reader) == "new\n");
    }

    [Feature("so does a shared mapping made before it", OnKernel = Answer.No)]
    public static void OldMapping(Stage s)
    {
        s.Build("echo old > b/f");
        s.Mount();
        int reader = s.Open("m/f", O.RDONLY);
        nint map = Syscall.mmap(0, 4096, MmapProts.PROT_READ, MmapFlags.MAP_SHARED, reader, 0);
        Tool.Check(map, "mmap");
        byte before = System.Runtime.InteropServices.Marshal.ReadByte(map);
        s.Do("printf new | dd of=m/f conv=notrunc status=none");
        byte after = System.Runtime.InteropServices.Marshal.ReadByte(map);
        _ = Syscall.munmap(map, 4096);
        s.Point($"mapping has {(char)before}, then {(char)after}", (before, after) == ((byte)'o', (byte)'n'));
    }

    [Feature("a lower file that a mapping for writing changes is copied up first")]
    public static void MapShared(Stage s)
    {
        s.Build("head -c 8192 /dev/zero > b/f");
        s.Mount();
        s.Point("xfs_io -c 'mmap -rw 0 8192' -c 'mwrite -S 65 0 10' -c 'msync -s' m/f; is $(head -c 3 m/f) AAA; is $(head -c 3 u/f) AAA; "
            + "cmp b/f <(head -c 8192 /dev/zero)");
    }

    [Feature("`chattr +i` and `+a` of lower files and directories keep their effect, also after copy-up (`protattr`)")]
    public static void ProtectedAttributes(Stage s)
    {
        s.AtEnd("chattr -R -ia a b u w");
        s.Build("echo x > b/f; chattr +i b/f; mkdir b/d; echo x > b/d/g; chattr +a b/d");
        s.Mount();
        s.Do("lsattr -d m/f | grep -q i; says 'not permitted' touch m/f");
        s.Point("touch m/d/h; [[ $(lsattr -d m/d) == *a*' '* ]]; says 'not permitted' rm m/d/h");
    }
}
