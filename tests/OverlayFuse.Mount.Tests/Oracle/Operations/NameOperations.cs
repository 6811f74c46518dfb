using System.Text;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

internal sealed record Mkdir(string Path, int Permissions = 755) : Operation
{
    public override string Run(Session session) => Session.Ok(Syscall.mkdir(session.Full(Path), Mode.Octal(Permissions)));
}

internal sealed record Rmdir(string Path) : Operation
{
    public override string Run(Session session) => Session.Ok(Syscall.rmdir(session.Full(Path)));
}

internal sealed record Unlink(string Path) : Operation
{
    public override string Run(Session session) => Session.Ok(Syscall.unlink(session.Full(Path)));
}

internal sealed record Rename(string From, string To, RenameFlags Flags = RenameFlags.None) : Operation
{
    public override string Run(Session session) =>
        Session.Ok(Libc.renameat2(Libc.AT_FDCWD, session.FullBytes(From), Libc.AT_FDCWD, session.FullBytes(To), Flags));
}

internal sealed record Link(string Existing, string New) : Operation
{
    public override string Run(Session session) => Session.Ok(Syscall.link(session.Full(Existing), session.Full(New)));
}

internal sealed record Symlink(string Path, string Target) : Operation
{
    public override string Run(Session session) => Session.Ok(Syscall.symlink(Target, session.Full(Path)));
}

/// <summary>mknod(2): type c, b, p (FIFO), s (socket) or f (file).</summary>
internal sealed record Mknod(string Path, char Type, int Permissions = 644, uint Major = 0, uint Minor = 0) : Operation
{
    public override string Run(Session session)
    {
        uint type = Type switch { 'c' => Mode.S_IFCHR, 'b' => Mode.S_IFBLK, 'p' => Mode.S_IFIFO, 's' => Mode.S_IFSOCK, _ => Mode.S_IFREG };
        return Session.Ok(Libc.mknod(session.FullBytes(Path), type | Mode.Bits(Permissions), (Major << 8) | Minor));
    }
}

/// <summary>Makes a new file with a content: open (O_EXCL), write, close.</summary>
internal sealed record Create(string Path, string Content = "", int Permissions = 644) : Operation
{
    public override string Run(Session session)
    {
        int fd = Libc.openat(Libc.AT_FDCWD, session.FullBytes(Path), O.WRONLY | O.CREAT | O.EXCL | O.CLOEXEC, Mode.Bits(Permissions));
        if (fd < 0) return Session.Failed();
        string written = Content.Length == 0 ? "ok" : Session.Count(Files.WriteAll(fd, Values.Bytes(Content), 0));
        return Syscall.close(fd) < 0 ? "close " + Session.Failed() : written;
    }
}

internal sealed record Readlink(string Path) : Operation
{
    public override string Run(Session session)
    {
        byte[] target = new byte[4200];
        long length = Syscall.readlink(session.Full(Path), target);
        return length < 0 ? Session.Failed() : Session.Data(target[..(int)length]);
    }
}

/// <summary>Lists a directory, sorted, with types and inodes.</summary>
internal sealed record ReadDir(string Path) : Operation
{
    public override string Run(Session session)
    {
        nint stream = Syscall.opendir(session.Full(Path));
        if (stream == 0) return Session.Failed();
        try
        {
            return Listing.Of(stream, session);
        }
        finally
        {
            _ = Syscall.closedir(stream);
        }
    }
}

internal sealed record OpenDir(string Slot, string Path) : Operation
{
    public override string Run(Session session) => session.KeepStream(Slot, Syscall.opendir(session.Full(Path)));
}

/// <summary>Reads what an open stream still has.</summary>
internal sealed record ReadRest(string Slot) : Operation
{
    public override string Run(Session session) =>
        session.Stream(Slot) is var stream and not 0 ? Listing.Of(stream, session) : "EBADF";
}

internal sealed record RewindDir(string Slot) : Operation
{
    public override string Run(Session session)
    {
        if (session.Stream(Slot) == 0) return "EBADF";
        return Session.Ok(Syscall.rewinddir(session.Stream(Slot)));
    }
}

/// <summary>Rewinds an open stream and reads it all: it must show what is there now.</summary>
internal sealed record RereadDir(string Slot) : Operation
{
    public override string Run(Session session)
    {
        if (session.Stream(Slot) == 0) return "EBADF";
        _ = Syscall.rewinddir(session.Stream(Slot));
        return Listing.Of(session.Stream(Slot), session);
    }
}

internal sealed record CloseDir(string Slot) : Operation
{
    public override string Run(Session session) => session.CloseStream(Slot);
}

/// <summary>
/// Remembers each position of a directory with telldir, then goes back to each: the rest must be the same as the first time.
/// </summary>
internal sealed record SeekEverywhere(string Path) : Operation
{
    public override string Run(Session session)
    {
        nint stream = Syscall.opendir(session.Full(Path));
        if (stream == 0) return Session.Failed();
        var positions = new List<long>();
        var names = new List<string>();
        for (long at = Syscall.telldir(stream); Syscall.readdir(stream) is { } entry; at = Syscall.telldir(stream))
        {
            if (KnownDifferences.IsGhost(session, stream, entry)) continue;
            positions.Add(at);
            names.Add(entry.d_name);
        }
        string verdict = Enumerable.Range(0, positions.Count).All(i => RestAt(stream, positions[i], session).SequenceEqual(names.Skip(i)))
            ? "same" : "differs";
        _ = Syscall.closedir(stream);
        return $"{names.Count} entries, the rest after seekdir is {verdict}";
    }

    private IEnumerable<string> RestAt(nint stream, long position, Session session)
    {
        _ = Syscall.seekdir(stream, position);
        return DirectoryReader.Rest(stream, Path).Where(entry => !KnownDifferences.IsGhost(session, stream, entry))
            .Select(entry => entry.d_name);
    }
}

/// <summary>A directory's entries as text, in an order of its own: that of the file system is nobody's promise.</summary>
internal static class Listing
{
    public static string Of(nint stream, Session session)
    {
        List<Dirent> entries = DirectoryReader.Rest(stream, session.Side.Mountpoint);
        entries.RemoveAll(entry => KnownDifferences.IsGhost(session, stream, entry));
        var text = new StringBuilder();
        foreach (Dirent entry in entries.Where(entry => entry.d_name is not ".." and not ".")
            .OrderBy(entry => entry.d_name, StringComparer.Ordinal))
            text.Append($"{Values.Printable(entry.d_name)}({entry.d_type})#{session.InodeOf(entry.d_ino)} ");
        return text.Append($"dots {entries.Count(entry => entry.d_name is "." or "..")}").ToString();
    }
}
