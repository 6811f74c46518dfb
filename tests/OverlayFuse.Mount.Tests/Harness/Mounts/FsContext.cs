using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>The mount API of fsopen(2): each option by itself, so that a list may be longer than mount(2)'s page.</summary>
internal sealed class FsContext : IDisposable
{
    private const int SetFlag = 0, SetString = 1, Create = 6, Reconfigure = 7, CloseOnExec = 1;
    private const int SYS_fspick = 433;
    private readonly int fd;

    private FsContext(int fd) => this.fd = fd;

    /// <summary>For a new file system.</summary>
    public static FsContext Open(string type) =>
        new((int)Tool.Check(Libc.syscall(Libc.SYS_fsopen, Libc.Bytes(type), CloseOnExec), "fsopen " + type));

    /// <summary>For one that is mounted.</summary>
    public static FsContext Pick(string mountpoint) =>
        new((int)Tool.Check(Libc.syscall(SYS_fspick, Libc.AT_FDCWD, Libc.Bytes(mountpoint), CloseOnExec), "fspick " + mountpoint));

    /// <summary>"name=value", or a flag.</summary>
    public Errno Set(string option)
    {
        string[] parts = option.Split('=', 2);
        return parts.Length == 2 ? Configure(SetString, parts[0], parts[1]) : Configure(SetFlag, parts[0], null);
    }

    /// <summary>All of them up to the first that is refused, then makes the file system; nothing is attached.</summary>
    public Errno Make(IEnumerable<string> options) => All(options, Create);

    /// <summary>All of them up to the first that is refused, then changes the file system.</summary>
    public Errno Change(IEnumerable<string> options) => All(options, Reconfigure);

    public void Dispose() => _ = Syscall.close(fd);

    private Errno All(IEnumerable<string> options, int command)
    {
        Errno refused = options.Select(Set).FirstOrDefault(error => error != 0);
        return refused != 0 ? refused : Configure(command, null, null);
    }

    private Errno Configure(int command, string? name, string? value) =>
        Libc.syscall(Libc.SYS_fsconfig, fd, command, name is null ? null : Libc.Bytes(name), value is null ? null : Libc.Bytes(value),
            0) == 0
            ? 0 : Stdlib.GetLastError();
}
