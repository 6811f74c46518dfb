using Mono.Unix;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

internal sealed record Lstat(string Path) : Operation
{
    public override string Run(Session session) =>
        Syscall.lstat(session.Full(Path), out Stat stat) < 0 ? Session.Failed() : session.Describe(stat);
}

internal sealed record Chmod(string Path, int Permissions) : Operation
{
    public override string Run(Session session) => Session.Ok(Syscall.chmod(session.Full(Path), Mode.Octal(Permissions)));
}

/// <summary>lchown(2); -1 leaves an id as it is.</summary>
internal sealed record Lchown(string Path, int User, int Group) : Operation
{
    public override string Run(Session session) =>
        Session.Ok(Syscall.lchown(session.Full(Path), (uint)session.Owners.Here(User), (uint)session.Owners.Here(Group)));
}

internal sealed record Truncate(string Path, long Size) : Operation
{
    public override string Run(Session session) => Session.Ok(Syscall.truncate(session.Full(Path), Size));
}

internal sealed record Utimens(string Path, long Accessed, long Modified, long Nanoseconds = 0) : Operation
{
    public override string Run(Session session) => Session.Ok(Files.SetTimes(session.Full(Path), Accessed, Modified, Nanoseconds));
}

/// <summary>Sets both times to the clock's, as touch does: utimensat with no times.</summary>
internal sealed record Touch(string Path) : Operation
{
    public override string Run(Session session) =>
        Session.Ok(Syscall.utimensat(Syscall.AT_FDCWD, session.Full(Path), null, AtFlags.AT_SYMLINK_NOFOLLOW));
}

/// <summary>lsetxattr(2); flags 1: create only, 2: replace only.</summary>
internal sealed record SetXattr(string Path, string Name, string Value, int Flags = 0) : Operation
{
    public override string Run(Session session)
    {
        byte[] value = session.Owners.ValueHere(Name, Values.Bytes(Value));
        return Session.Ok(Syscall.lsetxattr(session.Full(Path), Name, value, (ulong)value.Length, (XattrFlags)Flags));
    }
}

internal sealed record GetXattr(string Path, string Name) : Operation
{
    public override string Run(Session session) => session.XattrValue(Name, Xattrs.Get(session.Full(Path), Name));
}

internal sealed record ListXattr(string Path) : Operation
{
    public override string Run(Session session) =>
        Syscall.llistxattr(session.Full(Path), UnixEncoding.Instance, out string[] names) < 0
            ? Session.Failed()
            : string.Join(' ', names.Where(name => name.Length > 0).Order(StringComparer.Ordinal));
}

internal sealed record RemoveXattr(string Path, string Name) : Operation
{
    public override string Run(Session session) => Session.Ok(Syscall.lremovexattr(session.Full(Path), Name));
}

/// <summary>Sets an access list, or (on a directory) the default one; the list as <see cref="PosixAcl.Encode"/> reads it.</summary>
internal sealed record SetAcl(string Path, string List, bool Default = false) : Operation
{
    public override string Run(Session session)
    {
        string name = Default ? PosixAcl.DefaultName : PosixAcl.AccessName;
        byte[] value = session.Owners.ValueHere(name, Values.Bytes(PosixAcl.Encode(List)));
        return Session.Ok(Syscall.lsetxattr(session.Full(Path), name, value, (ulong)value.Length, 0));
    }
}

/// <summary>access(2) for the letters of rwx.</summary>
internal sealed record Access(string Path, string Wanted) : Operation
{
    public override string Run(Session session)
    {
        AccessModes modes = AccessModes.F_OK;
        if (Wanted.Contains('r', StringComparison.Ordinal)) modes |= AccessModes.R_OK;
        if (Wanted.Contains('w', StringComparison.Ordinal)) modes |= AccessModes.W_OK;
        if (Wanted.Contains('x', StringComparison.Ordinal)) modes |= AccessModes.X_OK;
        return Session.Ok(Syscall.access(session.Full(Path), modes));
    }
}

/// <summary>Reads a whole file by its path.</summary>
internal sealed record ReadFile(string Path) : Operation
{
    private const int Most = 1 << 20;

    public override string Run(Session session)
    {
        int fd = Libc.openat(Libc.AT_FDCWD, session.FullBytes(Path), O.RDONLY | O.NONBLOCK | O.CLOEXEC, 0);
        if (fd < 0) return Session.Failed();
        string data = Session.Data(Files.Read(fd, Most, 0));
        _ = Syscall.close(fd);
        return data;
    }
}

/// <summary>statfs of the mount: name length and whether space is there; types and counts belong to the implementation.</summary>
internal sealed record StatFs(string Path) : Operation
{
    public override string Run(Session session)
    {
        if (Syscall.statvfs(session.Full(Path), out Statvfs stat) < 0) return Session.Failed();
        return $"name length {stat.f_namemax}, block {stat.f_bsize}, blocks {stat.f_blocks}, files {stat.f_files}";
    }
}
