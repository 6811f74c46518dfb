namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>
/// The content of one layer, as a list of entries that <see cref="LayerBuilder"/> puts on a disk. Missing parents are made (0755, root).
/// Modes are written in octal digits (644, 4755), an owner is user and group alike, values that start with 0x are bytes in hexadecimal.
/// </summary>
internal sealed class Layer
{
    private readonly List<LayerEntry> entries = [];

    public Layer()
    {
    }

    public Layer(IEnumerable<LayerEntry> entries) => this.entries.AddRange(entries);

    public IReadOnlyList<LayerEntry> Entries => entries;

    /// <summary>The file system that it lies on; "" for that of the test.</summary>
    public string FileSystem { get; private set; } = "";

    public Layer On(string fileSystem)
    {
        FileSystem = fileSystem;
        return this;
    }

    /// <summary>Mode and owner of the layer's root.</summary>
    public Layer Root(int mode, uint owner = 0) => Dir("", mode, owner);

    public Layer Dir(string path, int mode = 755, uint owner = 0) => Add(new DirEntry(path, mode, owner));

    public Layer File(string path, string content = "", int mode = 644, uint owner = 0) => Add(new FileEntry(path, content, mode, owner));

    /// <summary>
    /// A file of <paramref name="size"/> bytes that is a hole but for 4 KiB of data at each of <paramref name="dataAt"/>.
    /// </summary>
    public Layer Sparse(string path, long size, params long[] dataAt) => Add(new SparseEntry(path, size, string.Join(' ', dataAt)));

    /// <summary>A file with a hole up to <paramref name="dataFrom"/> and data from there to its end.</summary>
    public Layer HoleThenData(string path, long size, long dataFrom) =>
        Sparse(path, size, [.. Enumerable.Range(0, (int)((size - dataFrom + 4095) / 4096)).Select(block => dataFrom + 4096L * block)]);

    public Layer Symlink(string path, string target) => Add(new SymlinkEntry(path, target));

    public Layer HardLink(string path, string existing) => Add(new HardLinkEntry(path, existing));

    public Layer Whiteout(string path) => Add(new DeviceEntry(path, 'c', 0, 0, 0));

    public Layer Opaque(string path) => Add(new XattrEntry(path, "trusted.overlay.opaque", "y"));

    public Layer Xattr(string path, string name, string value) => Add(new XattrEntry(path, name, value));

    /// <summary>An access list in setfacl's short form: <c>u::rw-,u:1000:r--,g::r--,m::rw-,o::r--</c>.</summary>
    public Layer Acl(string path, string list) => Add(new XattrEntry(path, PosixAcl.AccessName, PosixAcl.Encode(list)));

    public Layer DefaultAcl(string path, string list) => Add(new XattrEntry(path, PosixAcl.DefaultName, PosixAcl.Encode(list)));

    public Layer Fifo(string path, int mode = 644) => Add(new FifoEntry(path, mode));

    public Layer Socket(string path, int mode = 755) => Add(new SocketEntry(path, mode));

    public Layer DeviceNode(string path, char type, uint major, uint minor, int mode = 600) =>
        Add(new DeviceEntry(path, type, major, minor, mode));

    /// <summary>The mark by which container clients' layers hide <paramref name="path"/>: an empty file <c>.wh.NAME</c>.</summary>
    public Layer AufsWhiteout(string path) =>
        Add(new FileEntry(Path.Combine(Path.GetDirectoryName(path) ?? "", ".wh." + Path.GetFileName(path)), "", 600, 0));

    public Layer AufsOpaque(string path) => Add(new FileEntry(Path.Combine(path, ".wh..wh..opq"), "", 600, 0));

    /// <summary>The times of an entry, in seconds since the epoch; entries without get distinct ones in the year 2001.</summary>
    public Layer Times(string path, long accessed, long modified, long nanoseconds = 0) =>
        Add(new TimesEntry(path, accessed, modified, nanoseconds));

    /// <summary>chattr(1)'s flags as letters, "ia"; set last.</summary>
    public Layer Flags(string path, string flags) => Add(new FlagsEntry(path, flags));

    private Layer Add(LayerEntry entry)
    {
        entries.Add(entry);
        return this;
    }
}

/// <summary>One entry of a <see cref="Layer"/>; the fields are the arguments of the method that adds it.</summary>
internal abstract record LayerEntry(string Path);

internal sealed record DirEntry(string Path, int Mode, uint Owner) : LayerEntry(Path);

internal sealed record FileEntry(string Path, string Content, int Mode, uint Owner) : LayerEntry(Path);

internal sealed record SparseEntry(string Path, long Size, string DataAt) : LayerEntry(Path);

internal sealed record SymlinkEntry(string Path, string Target) : LayerEntry(Path);

internal sealed record HardLinkEntry(string Path, string Existing) : LayerEntry(Path);

internal sealed record XattrEntry(string Path, string Name, string Value) : LayerEntry(Path);

internal sealed record FifoEntry(string Path, int Mode) : LayerEntry(Path);

internal sealed record SocketEntry(string Path, int Mode) : LayerEntry(Path);

internal sealed record DeviceEntry(string Path, char Type, uint Major, uint Minor, int Mode) : LayerEntry(Path);

internal sealed record TimesEntry(string Path, long Accessed, long Modified, long Nanoseconds) : LayerEntry(Path);

internal sealed record FlagsEntry(string Path, string Flags) : LayerEntry(Path);
