using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>
/// Puts a <see cref="Layer"/> on a disk. Built twice, it gives two trees that differ in inode numbers and change times only.
/// </summary>
internal sealed class LayerBuilder
{
    private const long FirstTime = 1_000_000_000, SecondsApart = 1000, NanosecondsBase = 123_456_789;
    private const int BlockSize = 4096;
    private readonly string root;
    private readonly HashSet<string> made = [""];
    private readonly Dictionary<string, TimesEntry> times = [];

    private LayerBuilder(string root) => this.root = root;

    public static void Build(Layer layer, string root)
    {
        var builder = new LayerBuilder(root);
        Directory.CreateDirectory(root);
        builder.SetOwnerAndMode("", 755, 0);
        foreach (LayerEntry entry in layer.Entries) builder.Make(entry);
        builder.SetTimes();
        foreach (FlagsEntry entry in layer.Entries.OfType<FlagsEntry>()) Tool.Run("chattr", "+" + entry.Flags, builder.Full(entry.Path));
    }

    private string Full(string path) => path.Length == 0 ? root : root + "/" + path;

    private void Make(LayerEntry entry)
    {
        MakeParents(entry.Path);
        switch (entry)
        {
            case DirEntry directory: MakeDirectory(directory.Path, directory.Mode, directory.Owner); break;
            case FileEntry file: MakeFile(file); break;
            case SparseEntry sparse: MakeSparse(sparse); break;
            case SymlinkEntry link: Check(Syscall.symlink(link.Target, Full(link.Path)), entry); break;
            case HardLinkEntry link:
                Check(Libc.linkat(Libc.AT_FDCWD, Libc.Bytes(Full(link.Existing)), Libc.AT_FDCWD,
                Libc.Bytes(Full(link.Path)), 0), entry); break;
            case XattrEntry xattr: SetXattr(xattr); break;
            case FifoEntry fifo: MakeNode(fifo, Mode.S_IFIFO, fifo.Mode, 0); break;
            case SocketEntry socket: MakeNode(socket, Mode.S_IFSOCK, socket.Mode, 0); break;
            case DeviceEntry device:
                MakeNode(device, device.Type == 'b' ? Mode.S_IFBLK : Mode.S_IFCHR, device.Mode,
                (device.Major << 8) | device.Minor); break;
            case TimesEntry time: times[time.Path] = time; break;
            case FlagsEntry: break;
            default: throw new ArgumentException($"no such layer entry: {entry}");
        }
        made.Add(entry.Path);
    }

    private void MakeParents(string path)
    {
        for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
            if (made.Add(path[..slash])) MakeDirectory(path[..slash], 755, 0);
    }

    private void MakeDirectory(string path, int mode, uint owner)
    {
        if (Syscall.mkdir(Full(path), FilePermissions.S_IRWXU) != 0 && Stdlib.GetLastError() != Errno.EEXIST)
            Tool.Check(-1, "mkdir " + path);
        SetOwnerAndMode(path, mode, owner);
    }

    private void MakeFile(FileEntry file)
    {
        int fd = Create(file);
        byte[] content = Values.Bytes(file.Content);
        Check(Files.WriteAll(fd, content, 0), file);
        _ = Syscall.close(fd);
        SetOwnerAndMode(file.Path, file.Mode, file.Owner);
    }

    private void MakeSparse(SparseEntry sparse)
    {
        int fd = Create(sparse);
        Check(Syscall.ftruncate(fd, sparse.Size), sparse);
        foreach (string offset in sparse.DataAt.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            long at = Values.Number(offset);
            byte[] block = new byte[Math.Min(BlockSize, sparse.Size - at)];
            Array.Fill(block, (byte)('A' + at / BlockSize % 26));
            Check(Files.WriteAll(fd, block, at), sparse);
        }
        _ = Syscall.close(fd);
        SetOwnerAndMode(sparse.Path, 644, 0);
    }

    private int Create(LayerEntry entry) =>
        (int)Check(Libc.openat(Libc.AT_FDCWD, Libc.Bytes(Full(entry.Path)), O.WRONLY | O.CREAT | O.EXCL | O.CLOEXEC, 0x180), entry);

    private void MakeNode(LayerEntry entry, uint type, int mode, ulong device)
    {
        Check(Libc.mknod(Libc.Bytes(Full(entry.Path)), type | 0x180, device), entry);
        Check(Syscall.chmod(Full(entry.Path), Mode.Octal(mode)), entry);
    }

    private void SetXattr(XattrEntry xattr)
    {
        byte[] value = Values.Bytes(xattr.Value);
        Check(Syscall.lsetxattr(Full(xattr.Path), xattr.Name, value, (ulong)value.Length, 0), xattr);
    }

    private void SetOwnerAndMode(string path, int mode, uint owner)
    {
        Tool.Check(Syscall.lchown(Full(path), owner, owner), "chown " + path);
        Tool.Check(Syscall.chmod(Full(path), Mode.Octal(mode)), "chmod " + path);
    }

    /// <summary>Children before parents; an inode's last name wins, in the same way on each build.</summary>
    private void SetTimes()
    {
        long index = 0;
        foreach (string path in made.OrderByDescending(path => path, StringComparer.Ordinal))
        {
            long second = FirstTime + SecondsApart * index++;
            TimesEntry time = times.GetValueOrDefault(path) ?? new TimesEntry(path, second + 1, second, NanosecondsBase + index);
            Tool.Check(Files.SetTimes(Full(path), time.Accessed, time.Modified, time.Nanoseconds), "utimensat " + path);
        }
    }

    private static long Check(long result, LayerEntry entry) =>
        result != -1 ? result : throw new InvalidLayerException($"layer entry {entry}: {Stdlib.GetLastError()}");
}

/// <summary>A layer that cannot be built: an entry needs what is not there.</summary>
internal sealed class InvalidLayerException(string message) : Exception(message);
