using System.Globalization;
using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>One entry of a <see cref="TreeSnapshot"/>: named facts as text, so that a difference reads itself.</summary>
internal sealed class TreeEntry
{
    /// <summary>Tests set times outside these bounds only; a time within was made by the clock while the test ran.</summary>
    private const long ClockFrom = 1_700_000_000, ClockTo = 4_000_000_000;

    private readonly SortedDictionary<string, string> facts = new(StringComparer.Ordinal);
    private readonly uint mode;

    private TreeEntry(Stat stat)
    {
        mode = NativeConvert.FromFilePermissions(stat.st_mode);
        Ino = stat.st_ino;
        Identity = (stat.st_dev, stat.st_ino);
        Device = stat.st_rdev;
        Links = stat.st_nlink;
    }

    private const string Ghost = "listed, but lstat says ";

    public ulong Ino { get; }

    /// <summary>Without xino, an overlay of the kernel shows files of several file systems by device and number.</summary>
    public (ulong Device, ulong Ino) Identity { get; }

    public ulong Device { get; }

    public ulong Links { get; }

    public uint Permissions => mode & ~Mode.S_IFMT;

    public string Type => Mode.TypeName(mode);

    public bool IsDirectory => (mode & Mode.S_IFMT) == Mode.S_IFDIR;

    public bool IsWhiteout => (mode & Mode.S_IFMT) == Mode.S_IFCHR && Device == 0;

    public bool IsOpaque => IsDirectory && Xattr("trusted.overlay.opaque") == "y";

    /// <summary>Listed by readdir, but lstat fails.</summary>
    public bool IsGhost => Ino == 0;

    /// <summary>lstat says why it may not be looked at: it is there.</summary>
    public bool IsRefused => IsGhost && this["type"] != Ghost + Errno.ENOENT;

    /// <summary>A fact by its name, "" when there is none.</summary>
    public string this[string fact]
    {
        get => facts.GetValueOrDefault(fact, "");
        set => facts[fact] = value;
    }

    /// <summary>The value of an xattr, null when it is not set.</summary>
    public string? Xattr(string name) => facts.GetValueOrDefault("xattr " + name);

    public static TreeEntry Read(string path, TreeView view)
    {
        if (Syscall.lstat(path, out Stat stat) != 0)
            return new TreeEntry(stat) { ["type"] = Ghost + Stdlib.GetLastError() };
        var entry = new TreeEntry(stat);
        entry.NoteStat(stat, view);
        if (entry.Type == "symlink") entry["target"] = ReadLink(path);
        if (entry.Type == "file") entry.NoteContent(path, stat.st_size);
        foreach ((string name, byte[]? value) in Xattrs.All(path))
            entry["xattr " + name] = value is null ? "cannot be read" : ShownXattr(name, value, view);
        return entry;
    }

    /// <summary>Notes where readdir and stat disagree, which they must not.</summary>
    public void CompareWith(Dirent dirent)
    {
        if (IsGhost) return;
        if (dirent.d_ino != Ino) this["d_ino"] = "is not st_ino";
        if (dirent.d_type != mode >> 12) this["d_type"] = $"{dirent.d_type} for a {Type}";
    }

    /// <summary>What differs from the expected (this); that the other keeps more holes is none.</summary>
    public IEnumerable<string> Differences(TreeEntry other, string thisName, string otherName) =>
        from fact in facts.Keys.Union(other.facts.Keys).Order(StringComparer.Ordinal)
        let mine = facts.GetValueOrDefault(fact, "-")
        let theirs = other.facts.GetValueOrDefault(fact, "-")
        where mine != theirs && !(fact == "data" && Extents.Covers(mine, theirs))
        select $"{fact}: {thisName} {mine}, {otherName} {theirs}";

    public override string ToString() => string.Join(", ", facts.Select(fact => $"{fact.Key} {fact.Value}"));

    private void NoteStat(Stat stat, TreeView view)
    {
        this["type"] = Type;
        this["mode"] = Convert.ToString(Permissions, 8);
        this["owner"] = $"{stat.st_uid}:{stat.st_gid}";
        // The kernel keeps one more name of its whiteout inode in the work directory.
        if (!IsWhiteout || view != TreeView.OnDisk) this["nlink"] = stat.st_nlink.ToString(CultureInfo.InvariantCulture);
        this["mtime"] = ShownTime(stat.st_mtime, stat.st_mtime_nsec, view);
        this["atime"] = ShownTime(stat.st_atime, stat.st_atime_nsec, view);
        if (Type is "file" or "symlink") this["size"] = stat.st_size.ToString(CultureInfo.InvariantCulture);
        if (Type.EndsWith("device", StringComparison.Ordinal)) this["rdev"] = $"{stat.st_rdev >> 8}:{stat.st_rdev & 0xff}";
        if (view != TreeView.Untouched) return;
        this["ctime"] = ShownTime(stat.st_ctime, stat.st_ctime_nsec, view);
        this["ino"] = stat.st_ino.ToString(CultureInfo.InvariantCulture);
        this["blocks"] = stat.st_blocks.ToString(CultureInfo.InvariantCulture);
    }

    private void NoteContent(string path, long size)
    {
        int fd = (int)Tool.Check(Libc.openat(Libc.AT_FDCWD, Libc.Bytes(path), O.NOATIME | O.NOFOLLOW | O.CLOEXEC, 0), "open " + path);
        (this["data"], this["hash"]) = Files.Describe(fd, size);
        _ = Syscall.close(fd);
    }

    private static string ReadLink(string path)
    {
        byte[] target = new byte[4096];
        long length = Tool.Check(Syscall.readlink(path, target), "readlink " + path);
        return Values.Text(target.AsSpan(0, (int)length));
    }

    private static string ShownTime(long seconds, long nanoseconds, TreeView view) =>
        view != TreeView.Untouched && seconds is > ClockFrom and < ClockTo ? "of the run" : $"{seconds}.{nanoseconds:D9}";

    private static string ShownXattr(string name, byte[] value, TreeView view) =>
        view != TreeView.Untouched
            && (name.EndsWith(".overlay.origin", StringComparison.Ordinal) || name.EndsWith(".overlay.uuid", StringComparison.Ordinal)
                || name.EndsWith(".overlay.upper", StringComparison.Ordinal))
            ? $"{value.Length} bytes"
            : Values.Text(value);
}
