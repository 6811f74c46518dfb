using Microsoft.Win32.SafeHandles;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace TarFileSystem;

/// <summary>
/// Shows an archive. The inodes live as long as the mount, so nothing needs FORGET. The mount is read-only, so the kernel refuses every
/// change itself. OPEN is left out: the kernel then keeps what it has read.
/// </summary>
/// <param name="index">The tree.</param>
/// <param name="archive">Where the data are.</param>
internal sealed class TarFs(TarIndex index, SafeFileHandle archive) : IFuseFileSystem
{
    private const ulong ForEver = 1 << 30;

    public Errno Init(FuseNegotiation session)
    {
        session.Wanted = FuseNegotiation.SimpleWanted;
        return Errno.None;
    }

    public Errno Lookup(in FuseRequest request, Name name, out EntryOut entry)
    {
        entry = default;
        if (index.Find(request.Node)?.Names.GetValueOrDefault(name.ToString()) is not { } node)
            return Errno.ENOENT;
        entry = ToEntry(node);
        return Errno.None;
    }

    public Errno GetAttr(in FuseRequest request, in GetAttrIn input, out AttrOut attributes)
    {
        attributes = default;
        if (index.Find(request.Node) is not { } node)
            return Errno.ESTALE;
        attributes = new AttrOut { AttrValid = ForEver, Attr = node.Attr };
        return Errno.None;
    }

    public Errno ReadLink(in FuseRequest request, Span<byte> target, out int length)
    {
        length = 0;
        return index.Find(request.Node) is { } link ? FuseAnswer.ReadLink(link.Target, target, out length) : Errno.ESTALE;
    }

    public Errno ReadDir(in FuseRequest request, in ReadIn input, ref DirentWriter entries)
    {
        if (index.Find(request.Node) is not { } directory)
            return Errno.ESTALE;
        if (input.Offset < 1 && !entries.TryAdd(directory.Attr.Ino, 1, FileType.Directory, "."u8))
            return Errno.None;
        if (input.Offset < 2 && !entries.TryAdd((directory.Parent ?? directory).Attr.Ino, 2, FileType.Directory, ".."u8))
            return Errno.None;
        for (int i = (int)Math.Max(2, input.Offset) - 2; i < directory.Names.Count; i++)
        {
            (string name, TarNode node) = directory.Names.GetAt(i);
            byte[] bytes = NativeText.ToBytes(name);
            bool hasRoom = entries.IsPlus
                ? entries.TryAddPlus(ToEntry(node), node.Attr.Ino, (ulong)i + 3, node.Type, bytes)
                : entries.TryAdd(node.Attr.Ino, (ulong)i + 3, node.Type, bytes);
            if (!hasRoom)
                break;
        }
        return Errno.None;
    }

    public Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
    {
        count = 0;
        if (index.Find(request.Node) is not { } file)
            return Errno.ESTALE;
        long offset = (long)input.Offset;
        data = data[..(int)Math.Clamp((long)file.Attr.Size - offset, 0, data.Length)];
        // The holes
        data.Clear();
        foreach (Extent extent in file.Extents)
        {
            long from = Math.Max(offset, extent.Offset), to = Math.Min(offset + data.Length, extent.Offset + extent.Length);
            if (from < to && !TryRead(data[(int)(from - offset)..(int)(to - offset)], extent.InArchive + from - extent.Offset))
                return Errno.EIO;
        }
        count = data.Length;
        return Errno.None;
    }

    public Errno StatFs(in FuseRequest request, out KStatFs statistics)
    {
        statistics = new KStatFs
        {
            Blocks = (ulong)RandomAccess.GetLength(archive) / 512, BSize = 512, FrSize = 512, Files = (ulong)index.Count, NameLen = 255,
        };
        return Errno.None;
    }

    public Errno GetXattr(in FuseRequest request, Name name, Span<byte> value, out int length)
    {
        length = 0;
        return index.Find(request.Node)?.Xattrs.GetValueOrDefault(name.ToString()) is { } stored
            ? FuseAnswer.Xattr(stored, value, out length) : Errno.ENODATA;
    }

    public Errno ListXattr(in FuseRequest request, Span<byte> list, out int length)
    {
        length = 0;
        if (index.Find(request.Node) is not { } node)
            return Errno.ESTALE;
        return FuseAnswer.Xattr(NativeText.ToBytes(string.Concat(node.Xattrs.Keys.Select(name => name + "\0"))), list, out length);
    }

    /// <returns>False if the archive has become shorter.</returns>
    private bool TryRead(Span<byte> data, long offset)
    {
        while (!data.IsEmpty)
        {
            int count = RandomAccess.Read(archive, data, offset);
            if (count == 0)
                return false;
            data = data[count..];
            offset += count;
        }
        return true;
    }

    private static EntryOut ToEntry(TarNode node) =>
        new() { NodeId = node.Id, EntryValid = ForEver, AttrValid = ForEver, Attr = node.Attr };
}
