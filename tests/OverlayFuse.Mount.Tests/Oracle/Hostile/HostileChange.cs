using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Hostile;

/// <summary>One change by a name, and what is answered.</summary>
internal sealed record HostileChange(string Kind, string Path, string Other)
{
    private static readonly string[] Kinds = ["unlink", "rmdir", "rename", "rename", "create", "mkdir", "chmod", "setxattr", "link",
        "symlink", "write", "truncate", "remove any", "exchange"];

    public static HostileChange Draw(Random random) => new(Kinds[random.Next(Kinds.Length)], DrawPath(random), DrawPath(random));

    public string Run(string mountpoint)
    {
        (string path, string other) = ($"{mountpoint}/{Path}", $"{mountpoint}/{Other}");
        int result = Kind switch
        {
            "unlink" => Syscall.unlink(path),
            "rmdir" => Syscall.rmdir(path),
            "rename" => Syscall.rename(path, other),
            "exchange" => Libc.renameat2(Libc.AT_FDCWD, Libc.Bytes(path), Libc.AT_FDCWD, Libc.Bytes(other), RenameFlags.Exchange),
            "create" => Close(Libc.openat(Libc.AT_FDCWD, Libc.Bytes(path), O.CREAT | O.EXCL | O.WRONLY | O.CLOEXEC, 0x1A4)),
            "mkdir" => Syscall.mkdir(path, Mode.Octal(755)),
            "chmod" => Syscall.chmod(path, Mode.Octal(711)),
            "setxattr" => Syscall.lsetxattr(path, "user.colour", "red"u8.ToArray(), 3, 0),
            "link" => Syscall.link(path, other),
            "symlink" => Syscall.symlink("target", path),
            "write" => Write(path),
            "truncate" => Truncate(path),
            "remove any" => Syscall.unlink(path) == 0 ? 0 : Syscall.rmdir(path),
            _ => throw new InvalidOperationException(Kind),
        };
        return result < 0 ? Stdlib.GetLastError().ToString() : "ok";
    }

    public override string ToString() => $"{Kind} {Path}{(Kind is "rename" or "exchange" or "link" ? " " + Other : "")}";

    private static string DrawPath(Random random) =>
        string.Join('/',
            Enumerable.Range(0, random.Next(1, 4)).Select(_ => HostileGenerator.Names[random.Next(HostileGenerator.Names.Length)]));

    private static int Write(string path)
    {
        int fd = Libc.openat(Libc.AT_FDCWD, Libc.Bytes(path), O.WRONLY | O.NONBLOCK | O.NOFOLLOW | O.CLOEXEC, 0);
        if (fd < 0 || Syscall.lseek(fd, 0, SeekFlags.SEEK_CUR) < 0) return Close(fd); // into a fifo or a device nothing is written
        long written = Files.WriteAll(fd, "zz"u8.ToArray(), 0);
        return Close(fd) < 0 || written < 0 ? -1 : 0;
    }

    /// <summary>Not through a symbolic link: one may lead out of the mount.</summary>
    private static int Truncate(string path)
    {
        if (Syscall.lstat(path, out Stat stat) != 0) return -1;
        if ((NativeConvert.FromFilePermissions(stat.st_mode) & Mode.S_IFMT) is not (Mode.S_IFREG or Mode.S_IFDIR)) return 0;
        return Syscall.truncate(path, 1);
    }

    private static int Close(int fd) => fd < 0 ? fd : Syscall.close(fd);
}
