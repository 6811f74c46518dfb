using System.Security.Cryptography;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>
/// The state that operations share on one side: the mount, open descriptors and directory streams by name, inode numbers seen.
/// </summary>
internal sealed class Session(Side side) : IDisposable
{
    private const int ShownBytes = 48;
    private const long ClockFrom = 1_700_000_000, ClockTo = 4_000_000_000;
    private readonly Dictionary<string, int> descriptors = [];
    private readonly Dictionary<string, nint> streams = [];
    private readonly Dictionary<string, (nint Address, int Length)> mappings = [];
    private readonly Dictionary<ulong, int> inodes = [];

    public Side Side { get; } = side;

    public Ownership Owners => Side.Owners;

    public string Full(string path) => path.Length == 0 ? Side.Mountpoint : Side.Mountpoint + "/" + path;

    public byte[] FullBytes(string path) => Libc.Bytes(Full(path));

    /// <summary>The descriptor called <paramref name="slot"/>; -1, which every call refuses with EBADF, when none is open.</summary>
    public int Descriptor(string slot) => descriptors.GetValueOrDefault(slot, -1);

    /// <summary>The descriptor of a directory that has no name any more.</summary>
    public bool IsRemovedDirectory(string slot) =>
        Syscall.fstat(Descriptor(slot), out Stat stat) == 0
            && (NativeConvert.FromFilePermissions(stat.st_mode) & Mode.S_IFMT) == Mode.S_IFDIR
        && new FileInfo($"/proc/self/fd/{Descriptor(slot)}").LinkTarget is { } name
        && name.EndsWith(" (deleted)", StringComparison.Ordinal);

    public nint Stream(string slot) => streams.GetValueOrDefault(slot);

    /// <summary>Keeps what open answered under <paramref name="slot"/>, closing what was there.</summary>
    public string Keep(string slot, int fd)
    {
        if (fd < 0) return Failed();
        Close(slot);
        descriptors[slot] = fd;
        return "ok";
    }

    public string KeepStream(string slot, nint stream)
    {
        if (stream == 0) return Failed();
        CloseStream(slot);
        streams[slot] = stream;
        return "ok";
    }

    public string Close(string slot) => descriptors.Remove(slot, out int fd) ? Ok(Syscall.close(fd)) : "EBADF";

    public string CloseStream(string slot) => streams.Remove(slot, out nint stream) ? Ok(Syscall.closedir(stream)) : "EBADF";

    /// <summary>The mapping called <paramref name="name"/>; address 0 when there is none.</summary>
    public (nint Address, int Length) Mapping(string name) => mappings.GetValueOrDefault(name);

    public string KeepMapping(string name, nint address, int length)
    {
        if (address == -1) return Failed();
        mappings.Add(name, (address, length));
        return "ok";
    }

    public void CloseAll()
    {
        foreach ((nint address, int length) in mappings.Values) _ = Syscall.munmap(address, (ulong)length);
        mappings.Clear();
        foreach (string slot in descriptors.Keys.ToArray()) Close(slot);
        foreach (string slot in streams.Keys.ToArray()) CloseStream(slot);
    }

    public static string Ok(long result) => result < 0 ? Failed() : "ok";

    public static string Count(long result) => result < 0 ? Failed() : $"{result}";

    public static string Failed() => Stdlib.GetLastError().ToString();

    public static string Data(byte[]? bytes) => bytes switch
    {
        null => Failed(),
        { Length: <= ShownBytes } => $"{bytes.Length} bytes {Values.Text(bytes)}",
        _ => $"{bytes.Length} bytes, SHA-256 {Convert.ToHexString(SHA256.HashData(bytes), 0, 8)}",
    };

    /// <summary>An xattr's value, null where there was none to be had.</summary>
    public string XattrValue(string name, byte[]? value) => Data(value is null ? null : Owners.ShownValue(name, value));

    /// <summary>All that stat says and that two mounts can agree on; an inode number by the order in which it was first seen.</summary>
    public string Describe(Stat stat)
    {
        uint mode = NativeConvert.FromFilePermissions(stat.st_mode);
        string size = (mode & Mode.S_IFMT) is Mode.S_IFREG or Mode.S_IFLNK ? $" size {stat.st_size}" : "";
        return $"{Mode.TypeName(mode)} {Convert.ToString(mode & 0xFFF, 8)} {Owners.Shown($"{stat.st_uid}:{stat.st_gid}")} "
            + $"nlink {stat.st_nlink}{size}"
            + $" rdev {stat.st_rdev} mtime {Time(stat.st_mtime, stat.st_mtime_nsec)} inode #{InodeOf(stat.st_ino)}";
    }

    /// <summary>A small number for an inode: on both sides the same inode must get the same one.</summary>
    public int InodeOf(ulong ino)
    {
        if (!Side.Scenario.ComparesInodes) return 0;
        if (!inodes.TryGetValue(ino, out int number)) inodes[ino] = number = inodes.Count;
        return number;
    }

    /// <summary>Each implementation numbers file systems in its own way.</summary>
    public void ForgetInodes()
    {
        if (!Side.Scenario.IsOnOneFileSystem) inodes.Clear();
    }

    /// <summary>
    /// In a lower layer a copy has its own number, not its origin's; which files are copies is not the same with io=stateless.
    /// </summary>
    public void ForgetCopied()
    {
        if (Side.Scenario.IsLoose) inodes.Clear();
    }

    public void Dispose() => CloseAll();

    private static string Time(long seconds, long nanoseconds) =>
        seconds is > ClockFrom and < ClockTo ? "now" : $"{seconds}.{nanoseconds:D9}";
}
