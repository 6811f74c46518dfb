using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Files at work")]
internal static class FileRows
{
    [Feature("shared mappings: what is written shows in the file and in other mappings")]
    public static void Mapping(Stage s)
    {
        s.Mount();
        s.Do("head -c 8192 /dev/zero > m/f");
        s.Point("xfs_io -c 'mmap -rw 0 8192' -c 'mwrite -S 65 4096 4' -c 'msync -s' m/f; "
            + "is \"$(dd if=m/f bs=1 skip=4096 count=4 status=none)\" AAAA; is \"$(dd if=u/f bs=1 skip=4096 count=4 status=none)\" AAAA");
    }

    [Feature("flock(2) and fcntl(2) locks exclude each other's holders")]
    public static void Locks(Stage s)
    {
        s.Build("echo x > b/f");
        s.Mount();
        s.Point("exec 9<>m/f; flock -n 9; not flock -n m/f true; exec 9>&-; flock -n m/f true");
        int one = s.Open("m/f", O.RDWR), two = s.Open("m/f", O.RDWR);
        var range = new FlockRange { Type = 1, Length = 4 };
        s.Point("first", Stage.Result(Libc.fcntl(one, Libc.F_OFD_SETLK, ref range)) == 0);
        range = new FlockRange { Type = 1, Length = 4 };
        s.Point("second", Stage.Result(Libc.fcntl(two, Libc.F_OFD_SETLK, ref range)) == Errno.EAGAIN);
    }

    [Feature("O_APPEND of several writers loses nothing")]
    public static void Append(Stage s)
    {
        s.Build("echo x > b/f");
        s.Mount();
        s.Point("for i in 1 2 3 4; do (for j in {1..100}; do echo line >> m/f; done) & done; wait; is $(grep -c line m/f) 400");
    }

    [Feature("O_DIRECT")]
    public static void Direct(Stage s)
    {
        s.Build("head -c 64K /dev/urandom > b/f");
        s.Mount();
        s.Point("dd if=m/f of=m/g bs=4096 iflag=direct oflag=direct status=none; cmp m/g b/f");
    }

    [Feature("fifos, sockets and devices work")]
    public static void SpecialFiles(Stage s)
    {
        s.Build("mkfifo b/p; mknod b/null c 1 3");
        s.Mount();
        s.Point("(echo x > m/p) & is $(timeout 5 cat m/p) x; echo x > m/null; is \"$(cat m/null)\" ''; is \"$(ls -A u)\" ''");
        s.Point("perl -MIO::Socket -e 'my $l = IO::Socket::UNIX->new(Local => \"m/s\", Listen => 1) or die; "
            + "IO::Socket::UNIX->new(Peer => \"m/s\") or die'; [ -S m/s ]");
    }

    [Feature("statfs(2) tells the room of the upper's file system")]
    public static void StatFs(Stage s)
    {
        s.Build("mkdir small; mount -t tmpfs -o size=4M none small; mkdir small/u small/w");
        s.Mount(Stage.Plan() with { Upper = "small/u", Work = "small/w" });
        s.Point("is \"$(stat -f -c '%b %S %l' m)\" \"$(stat -f -c '%b %S %l' small)\"");
    }

    [Feature("statfs(2) tells overlayfs' type, and the file system's id (`uuid=on`)")]
    public static void StatFsType(Stage s)
    {
        s.Mount("uuid=on");
        s.Point("is $(stat -f -c %t m) 794c7630");
        s.Do("stat -f -c %i m > id");
        s.Remount();
        s.Point("is $(stat -f -c %i m) $(cat id); [ $(cat id) != 0 ]");
    }

    [Feature("a program that runs cannot be written (ETXTBSY)")]
    public static void TextBusy(Stage s)
    {
        s.Mount();
        s.Do("cp /bin/sleep m/sleep");
        s.Point("m/sleep 5 & sleep 0.2; says 'Text file busy' dd if=/dev/null of=m/sleep bs=1 seek=1 conv=notrunc; kill $!");
    }

    [Feature("chattr(1) flags of files: shown, set, obeyed")]
    public static void Flags(Stage s)
    {
        s.AtEnd("chattr -R -ia u");
        s.Mount();
        s.Do("echo x > m/f");
        s.Point("chattr +i m/f; [[ $(lsattr m/f) == *i*' '* ]]; says 'not permitted' rm m/f; chattr -i m/f; rm m/f");
    }

    [Feature("changes are told to who watches (inotify)")]
    public static void Watch(Stage s)
    {
        s.Build("mkdir b/d; echo x > b/d/f");
        s.Mount();
        using var watcher = new FileSystemWatcher(s.PathOf("m/d"));
        using var seen = new ManualResetEventSlim();
        watcher.Changed += (_, change) => { if (change.Name == "f") seen.Set(); };
        watcher.EnableRaisingEvents = true;
        s.Do("echo more >> m/d/f");
        s.Point("seen", seen.Wait(TimeSpan.FromSeconds(5)));
    }

    [Feature("file handles (name_to_handle_at) open the file while it is mounted")]
    public static void Handles(Stage s)
    {
        s.Build("mkdir b/d; echo x > b/d/f");
        s.Mount("index=on,nfs_export=on");
        FileHandle handle = FileHandle.Of(s.PathOf("m/d/f"));
        s.Do("cat m/d/f");
        s.Point("by handle", Read(s, handle) == "x\n");
        s.Do("echo more >> m/d/f");
        s.Point("after copy-up", Read(s, handle) == "x\nmore\n");
    }

    [Feature("file handles outlive the kernel's memory and a remount (`nfs_export=on`)")]
    public static void LastingHandles(Stage s)
    {
        s.Build("mkdir b/d; echo x > b/d/f");
        s.Mount("index=on,nfs_export=on");
        s.Do("echo more >> m/d/f");
        FileHandle handle = FileHandle.Of(s.PathOf("m/d/f"));
        File.WriteAllText("/proc/sys/vm/drop_caches", "2");
        s.Point("forgotten by the kernel", Read(s, handle) == "x\nmore\n");
        s.Remount();
        s.Point("after a remount", Read(s, handle) == "x\nmore\n");
    }

    [Feature("a file handle of an earlier mount never opens another file")]
    public static void StaleHandles(Stage s)
    {
        s.Build("for i in 1 2 3 4; do echo $i > b/$i; done");
        s.Mount(s.IsKernel ? "index=on,nfs_export=on" : ""); // Without it the kernel's gives none.
        s.Do("cat m/1 m/2 m/3 m/4");
        FileHandle[] handles = [.. Enumerable.Range(1, 4).Select(i => FileHandle.Of(s.PathOf($"m/{i}")))];
        s.Remount();
        s.Do("cat m/4 m/3 m/2 m/1");
        int mount = s.Open("m", O.RDONLY | O.DIRECTORY);
        for (int i = 1; i <= handles.Length; i++)
        {
            int fd = handles[i - 1].Open(mount, O.RDONLY);
            s.Point($"handle of {i}", fd < 0 || Stage.ReadText(fd) == $"{i}\n");
            if (fd >= 0) _ = Syscall.close(fd);
        }
    }

    private static string? Read(Stage s, FileHandle handle)
    {
        int mount = s.Open("m", O.RDONLY | O.DIRECTORY), fd = handle.Open(mount, O.RDONLY);
        if (fd < 0) throw new MissingFeatureException("open_by_handle_at: " + Stdlib.GetLastError().ToString());
        string? text = Stage.ReadText(fd);
        s.Close(mount);
        _ = Syscall.close(fd);
        return text;
    }
}
