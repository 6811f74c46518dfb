using System.ComponentModel;
using System.Globalization;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Hostile;

/// <summary>
/// All that can be asked of a mount by names: each directory's listing, and of every name, listed or not, attributes, content and xattrs,
/// or the errno.
/// </summary>
internal sealed class HostileView
{
    private const int Deepest = 5, LongestRead = 100;
    private readonly SortedDictionary<string, string> facts = new(StringComparer.Ordinal);
    private readonly string root;
    private readonly bool looksFirst;

    private HostileView(string root, bool looksFirst) => (this.root, this.looksFirst) = (root, looksFirst);

    public static HostileView Take(string root, bool looksFirst)
    {
        var view = new HostileView(root, looksFirst);
        view.NoteEntry("");
        return view;
    }

    public IEnumerable<string> Differences(HostileView other, string when) =>
        from fact in facts.Keys.Union(other.facts.Keys).Order(StringComparer.Ordinal)
        let mine = Shown(fact, other)
        let theirs = other.Shown(fact, this)
        where mine != theirs
        select $"{when}: {fact}: kernel {mine}, ours {theirs}";

    /// <summary>A listing is compared without the names that one of both refuses: a name without a file, whose stat says why.</summary>
    private string Shown(string fact, HostileView other)
    {
        string value = facts.GetValueOrDefault(fact, "-");
        if (!fact.EndsWith(" list", StringComparison.Ordinal) || value.StartsWith('E')) return value;
        string start = fact[..^" list".Length] is { Length: > 0 } path ? path + "/" : "";
        return string.Join(' ', value.Split(' ').Where(entry => !other.Refuses(start + entry.Split(':')[0])));
    }

    private bool Refuses(string path) => facts.TryGetValue(path + " stat", out string? stat) && stat.StartsWith('E');

    private void NoteEntry(string path)
    {
        string full = Full(path);
        if (Syscall.lstat(full, out Stat stat) != 0)
        {
            facts[path + " stat"] = Stdlib.GetLastError().ToString();
            return;
        }
        uint mode = NativeConvert.FromFilePermissions(stat.st_mode);
        uint type = mode & Mode.S_IFMT;
        string size = type is Mode.S_IFREG or Mode.S_IFLNK ? $" size {stat.st_size}" : "";
        string device = type is Mode.S_IFCHR or Mode.S_IFBLK ? $" rdev {stat.st_rdev}" : "";
        facts[path + " stat"] = $"{Mode.TypeName(mode)} {Convert.ToString(mode & 0xFFF, 8)} {stat.st_uid}:{stat.st_gid}{size}{device}";
        facts[path + " nlink"] = stat.st_nlink.ToString(CultureInfo.InvariantCulture);
        if (type == Mode.S_IFLNK) facts[path + " target"] = ReadLink(full);
        if (type == Mode.S_IFREG) facts[path + " content"] = ReadFile(full);
        NoteXattrs(path, full);
        if (type == Mode.S_IFDIR && path.Count(letter => letter == '/') < Deepest) NoteDirectory(path);
    }

    private void NoteDirectory(string path)
    {
        string start = path.Length == 0 ? "" : path + "/";
        if (!looksFirst) NoteListing(path, start);
        foreach (string name in HostileGenerator.Names) NoteEntry(start + name);
        if (looksFirst) NoteListing(path, start);
    }

    private void NoteListing(string path, string start)
    {
        try
        {
            List<Dirent> entries = DirectoryReader.Read(Full(path));
            entries.RemoveAll(entry => Syscall.lstat(Full(start + entry.d_name), out _) != 0); // what lstat says of it is compared
            facts[path + " list"] = string.Join(' ', entries.Select(entry => $"{entry.d_name}:{Mode.TypeName((uint)entry.d_type << 12)}"));
            foreach (Dirent entry in entries.Where(entry => !HostileGenerator.Names.Contains(entry.d_name)))
                NoteEntry(start + entry.d_name);
        }
        catch (Win32Exception exception)
        {
            facts[path + " list"] = ((Errno)exception.NativeErrorCode).ToString();
        }
    }

    private void NoteXattrs(string path, string full)
    {
        long size = Syscall.llistxattr(full, Mono.Unix.UnixEncoding.Instance, out string[] names);
        if (size < 0)
        {
            facts[path + " xattrs"] = Stdlib.GetLastError().ToString();
            return;
        }
        foreach (string name in names.Where(name => name.Length > 0))
            facts[$"{path} xattr {name}"] = Session.Data(Xattrs.Get(full, name));
    }

    private string Full(string path) => path.Length == 0 ? root : root + "/" + path;

    private static string ReadLink(string full)
    {
        byte[] target = new byte[4096];
        long length = Syscall.readlink(full, target);
        return length < 0 ? Stdlib.GetLastError().ToString() : Values.Text(target.AsSpan(0, (int)length));
    }

    private static string ReadFile(string full)
    {
        int fd = Libc.openat(Libc.AT_FDCWD, Libc.Bytes(full), O.RDONLY | O.NOATIME | O.NOFOLLOW | O.NONBLOCK | O.CLOEXEC, 0);
        if (fd < 0) return "open " + Stdlib.GetLastError();
        byte[]? content = Files.Read(fd, LongestRead, 0);
        string text = content is null ? "read " + Stdlib.GetLastError() : Values.Text(content);
        _ = Syscall.close(fd);
        return text;
    }
}
