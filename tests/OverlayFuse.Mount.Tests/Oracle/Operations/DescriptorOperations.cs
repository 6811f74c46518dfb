using Mono.Unix;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

internal sealed record Open(string Slot, string Path, O Flags, int Permissions = 644) : Operation
{
    public override string Run(Session session) =>
        session.Keep(Slot, Libc.openat(Libc.AT_FDCWD, session.FullBytes(Path), Flags | O.NONBLOCK | O.CLOEXEC, Mode.Bits(Permissions)));
}

/// <summary>
/// Opens as <see cref="Open"/>, but keeps no descriptor of a FIFO or a device: when such a lower file is unlinked and then changed through
/// the descriptor, the kernel's copy-up gives it its name back (seen with 6.18).
/// </summary>
internal sealed record OpenFile(string Slot, string Path, O Flags, int Permissions = 644) : Operation
{
    public override string Run(Session session)
    {
        string result = new Open(Slot, Path, Flags, Permissions).Run(session);
        if (result == "ok" && Syscall.fstat(session.Descriptor(Slot), out Stat stat) == 0
            && (NativeConvert.FromFilePermissions(stat.st_mode) & Mode.S_IFMT) is not (Mode.S_IFREG
            or Mode.S_IFDIR)) return "ok, special, close " + session.Close(Slot);
        return result;
    }
}

internal sealed record Close(string Slot) : Operation
{
    public override string Run(Session session) => session.Close(Slot);
}

/// <summary>Opens the descriptor's file anew through /proc/self/fd, which works for unlinked files too.</summary>
internal sealed record Reopen(string Slot, string From, O Flags) : Operation
{
    public override string Run(Session session) =>
        session.Keep(Slot,
            Libc.openat(Libc.AT_FDCWD, Libc.Bytes($"/proc/self/fd/{session.Descriptor(From)}"), Flags | O.NONBLOCK | O.CLOEXEC, 0));
}

internal sealed record Read(string Slot, long Offset, int Length) : Operation
{
    public override string Run(Session session) => Session.Data(Files.Read(session.Descriptor(Slot), Length, Offset));
}

internal sealed record Write(string Slot, long Offset, string Content) : Operation
{
    public override string Run(Session session) => Session.Count(Files.WriteAll(session.Descriptor(Slot), Values.Bytes(Content), Offset));
}

/// <summary>write(2) at the descriptor's position: the end of the file with O_APPEND.</summary>
internal sealed record WriteNext(string Slot, string Content) : Operation
{
    public override string Run(Session session) => Session.Count(Files.Write(session.Descriptor(Slot), Values.Bytes(Content)));
}

internal sealed record Ftruncate(string Slot, long Size) : Operation
{
    public override string Run(Session session) => Session.Ok(Syscall.ftruncate(session.Descriptor(Slot), Size));
}

internal sealed record Fstat(string Slot) : Operation
{
    public override string Run(Session session) =>
        Syscall.fstat(session.Descriptor(Slot), out Stat stat) < 0 ? Session.Failed() : session.Describe(stat);
}

internal sealed record Fchmod(string Slot, int Permissions) : Operation
{
    public override string Run(Session session) => Session.Ok(Syscall.fchmod(session.Descriptor(Slot), Mode.Octal(Permissions)));
}

internal sealed record Fchown(string Slot, int User, int Group) : Operation
{
    public override string Run(Session session) =>
        Session.Ok(Syscall.fchown(session.Descriptor(Slot), (uint)session.Owners.Here(User), (uint)session.Owners.Here(Group)));
}

internal sealed record Futimens(string Slot, long Accessed, long Modified, long Nanoseconds = 0) : Operation
{
    public override string Run(Session session) =>
        Session.Ok(Syscall.futimens(session.Descriptor(Slot), Files.Times(Accessed, Modified, Nanoseconds)));
}

internal sealed record FsetXattr(string Slot, string Name, string Value) : Operation
{
    public override string Run(Session session)
    {
        byte[] value = session.Owners.ValueHere(Name, Values.Bytes(Value));
        return Session.Ok(Syscall.fsetxattr(session.Descriptor(Slot), Name, value, (ulong)value.Length, 0));
    }
}

internal sealed record FgetXattr(string Slot, string Name) : Operation
{
    public override string Run(Session session)
    {
        byte[] value = new byte[1 << 16];
        long length = Syscall.fgetxattr(session.Descriptor(Slot), Name, value, (ulong)value.Length);
        return session.XattrValue(Name, length < 0 ? null : value[..(int)length]);
    }
}

internal sealed record FlistXattr(string Slot) : Operation
{
    public override string Run(Session session) =>
        Syscall.flistxattr(session.Descriptor(Slot), UnixEncoding.Instance, out string[] names) < 0
            ? Session.Failed()
            : string.Join(' ', names.Where(name => name.Length > 0).Order(StringComparer.Ordinal));
}

internal sealed record Fallocate(string Slot, FallocFlags Flags, long Offset, long Length) : Operation
{
    public override string Run(Session session) => Session.Ok(Libc.fallocate(session.Descriptor(Slot), Flags, Offset, Length));
}

/// <summary>lseek(2) to data (3) or a hole (4).</summary>
internal sealed record Seek(string Slot, long Offset, int Whence) : Operation
{
    public const string OnDirectory = "on a directory ";

    public override string Run(Session session)
    {
        string result = Session.Count(Libc.lseek(session.Descriptor(Slot), Offset, Whence));
        bool isDirectory = Syscall.fstat(session.Descriptor(Slot), out Stat stat) == 0
            && (NativeConvert.FromFilePermissions(stat.st_mode) & Mode.S_IFMT) == Mode.S_IFDIR;
        return isDirectory ? OnDirectory + result : result;
    }
}

internal sealed record Fsync(string Slot, bool DataOnly = false) : Operation
{
    public override string Run(Session session) =>
        Session.Ok(DataOnly ? Syscall.fdatasync(session.Descriptor(Slot)) : Syscall.fsync(session.Descriptor(Slot)));
}

internal sealed record Syncfs(string Slot) : Operation
{
    public override string Run(Session session) => Session.Ok(Libc.syncfs(session.Descriptor(Slot)));
}

internal sealed record Flock(string Slot, LockFlags Flags) : Operation
{
    public override string Run(Session session) => Session.Ok(Libc.flock(session.Descriptor(Slot), Flags));
}

/// <summary>Gives an O_TMPFILE descriptor a name (linkat of /proc/self/fd with AT_SYMLINK_FOLLOW, as open(2) shows).</summary>
internal sealed record LinkDescriptor(string Slot, string Path) : Operation
{
    public override string Run(Session session) => Session.Ok(
        Libc.linkat(Libc.AT_FDCWD, Libc.Bytes($"/proc/self/fd/{session.Descriptor(Slot)}"), Libc.AT_FDCWD, session.FullBytes(Path),
            Libc.AT_SYMLINK_FOLLOW));
}

internal sealed record CopyRange(string From, long FromOffset, string To, long ToOffset, int Length) : Operation
{
    public override string Run(Session session)
    {
        (long from, long to) = (FromOffset, ToOffset);
        return Session.Count(Libc.copy_file_range(session.Descriptor(From), ref from, session.Descriptor(To), ref to, (nuint)Length, 0));
    }
}

/// <summary>FICLONE of one descriptor's file into another's.</summary>
internal sealed record Clone(string From, string To) : Operation
{
    public override string Run(Session session) => Session.Ok(Libc.ioctl(session.Descriptor(To), Libc.FICLONE, session.Descriptor(From)));
}

internal sealed record GetFlags(string Slot) : Operation
{
    public override string Run(Session session)
    {
        long flags = 0;
        return Libc.ioctl(session.Descriptor(Slot), Libc.FS_IOC_GETFLAGS, ref flags) < 0 ? Session.Failed() : $"0x{flags:x}";
    }
}

internal sealed record SetFlags(string Slot, long Flags) : Operation
{
    public override string Run(Session session)
    {
        long flags = Flags;
        return Session.Ok(Libc.ioctl(session.Descriptor(Slot), Libc.FS_IOC_SETFLAGS, ref flags));
    }
}

/// <summary>As chattr(1): flags that are not named stay.</summary>
internal sealed record ChangeFlags(string Slot, long Set, long Clear) : Operation
{
    public override string Run(Session session)
    {
        long flags = 0;
        if (Libc.ioctl(session.Descriptor(Slot), Libc.FS_IOC_GETFLAGS, ref flags) < 0) return Session.Failed();
        flags = (flags | Set) & ~Clear;
        return Session.Ok(Libc.ioctl(session.Descriptor(Slot), Libc.FS_IOC_SETFLAGS, ref flags));
    }
}
