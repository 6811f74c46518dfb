using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>Operations on inodes and open files.</summary>
public sealed partial class FuseSession
{
    /// <summary>fuse_readlink_folio gives room for a page less the NUL, which is this or more.</summary>
    private const uint LongestTarget = Wire.PathMax - 1;

    /// <summary>A multiple of every page size.</summary>
    private const ulong LongestCopy = uint.MaxValue & ~0xFFFFul;

    private Errno GetAttr(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (!input.Take(out GetAttrIn getAttr))
            return Errno.EINVAL;
        ref AttrOut attributes = ref reply.Append<AttrOut>();
        Errno error = _fileSystem.GetAttr(request, getAttr, out attributes);
        LimitToNow(request.Node, ref attributes.AttrValid, ref attributes.AttrValidNsec);
        return error;
    }

    private Errno SetAttr(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (!input.Take(out SetAttrIn setAttr))
            return Errno.EINVAL;
        ref AttrOut attributes = ref reply.Append<AttrOut>();
        Errno error = _fileSystem.SetAttr(request, setAttr, out attributes);
        LimitToNow(request.Node, ref attributes.AttrValid, ref attributes.AttrValidNsec);
        return error;
    }

    private Errno Statx(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (!input.Take(out StatxIn statx))
            return Errno.EINVAL;
        ref StatxOut attributes = ref reply.Append<StatxOut>();
        Errno error = _fileSystem.Statx(request, statx, out attributes);
        LimitToNow(request.Node, ref attributes.AttrValid, ref attributes.AttrValidNsec);
        return error;
    }

    private Errno ReadLink(in FuseRequest request, ref ReplyWriter reply)
    {
        Span<byte> target = reply.Room(LongestTarget);
        return reply.Commit(_fileSystem.ReadLink(request, target, out int length), length, target.Length);
    }

    private Errno Open(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply) =>
        input.Take(out OpenIn open) ? _fileSystem.Open(request, open, out reply.Append<OpenOut>()) : Errno.EINVAL;

    private Errno Read(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (!input.Take(out ReadIn read) || read.Size > reply.RoomLeft)
            return Errno.EINVAL;
        Span<byte> data = reply.Room(read.Size);
        return reply.Commit(_fileSystem.Read(request, read, data, out int count), count, data.Length);
    }

    private Errno Write(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (!input.Take(out WriteIn write) || !input.TakeBytes(write.Size, out ReadOnlySpan<byte> data))
            return Errno.EINVAL;
        Errno error = _fileSystem.Write(request, write, data, out int count);
        reply.Append<WriteOut>().Size = (uint)count;
        return error == Errno.None && (uint)count > (uint)data.Length ? Errno.EIO : error;
    }

    private Errno Release(in FuseRequest request, ref RequestReader input) =>
        input.Take(out ReleaseIn release) ? _fileSystem.Release(request, release) : Errno.EINVAL;

    private Errno FSync(in FuseRequest request, ref RequestReader input) =>
        input.Take(out FSyncIn fsync) ? _fileSystem.FSync(request, fsync) : Errno.EINVAL;

    private Errno Flush(in FuseRequest request, ref RequestReader input) =>
        input.Take(out FlushIn flush) ? _fileSystem.Flush(request, flush) : Errno.EINVAL;

    private Errno Access(in FuseRequest request, ref RequestReader input) =>
        input.Take(out AccessIn access) ? _fileSystem.Access(request, access) : Errno.EINVAL;

    private Errno SetXattr(in FuseRequest request, ref RequestReader input) =>
        input.TakeSetXattr(_extendedSetXattr, out SetXattrIn setXattr) && input.TakeString(out Name name) &&
        input.TakeBytes(setXattr.Size, out ReadOnlySpan<byte> value)
            ? _fileSystem.SetXattr(request, setXattr, name, value) : Errno.EINVAL;

    private Errno RemoveXattr(in FuseRequest request, ref RequestReader input) =>
        input.TakeString(out Name name) ? _fileSystem.RemoveXattr(request, name) : Errno.EINVAL;

    private Errno GetXattr(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (!input.Take(out GetXattrIn getXattr) || !input.TakeString(out Name name))
            return Errno.EINVAL;
        Span<byte> value = reply.Room(getXattr.Size);
        Errno error = _fileSystem.GetXattr(request, name, value, out int length);
        return CommitXattr(error, length, value.Length, ref reply);
    }

    private Errno ListXattr(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (!input.Take(out GetXattrIn getXattr))
            return Errno.EINVAL;
        Span<byte> list = reply.Room(getXattr.Size);
        Errno error = _fileSystem.ListXattr(request, list, out int length);
        return CommitXattr(error, length, list.Length, ref reply);
    }

    private static Errno CommitXattr(Errno error, int length, int room, ref ReplyWriter reply)
    {
        if (error != Errno.None || room > 0)
            return error == Errno.None && length > room ? Errno.ERANGE : reply.Commit(error, length, room);
        reply.Append<GetXattrOut>().Size = (uint)length;
        return Errno.None;
    }

    private Errno IoCtl(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (!input.Take(out IoCtlIn ioctl) || !input.TakeBytes(ioctl.InSize, out ReadOnlySpan<byte> data))
            return Errno.EINVAL;
        ref IoCtlOut result = ref reply.Append<IoCtlOut>();
        Span<byte> answer = reply.Room(ioctl.OutSize);
        // The whole buffer goes out, even if the file system fills a part of it.
        answer.Clear();
        Errno error = _fileSystem.IoCtl(request, ioctl, data, answer, out result);
        return reply.Commit(error, answer.Length, answer.Length);
    }

    private Errno FAllocate(in FuseRequest request, ref RequestReader input) =>
        input.Take(out FAllocateIn fallocate) ? _fileSystem.FAllocate(request, fallocate) : Errno.EINVAL;

    private Errno LSeek(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (!input.Take(out LSeekIn lseek))
            return Errno.EINVAL;
        Errno error = _fileSystem.LSeek(request, lseek, out long offset);
        reply.Append<LSeekOut>().Offset = (ulong)offset;
        return error;
    }

    /// <summary>The reply counts in 32 bits, so the length is limited to that.</summary>
    private Errno CopyFileRange(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (!input.Take(out CopyFileRangeIn copy))
            return Errno.EINVAL;
        copy.Length = Math.Min(copy.Length, LongestCopy);
        Errno error = _fileSystem.CopyFileRange(request, copy, out ulong copied);
        reply.Append<WriteOut>().Size = (uint)copied;
        return error;
    }

    private Errno CopyFileRange64(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply) =>
        input.Take(out CopyFileRangeIn copy)
            ? _fileSystem.CopyFileRange(request, copy, out reply.Append<CopyFileRangeOut>().BytesCopied) : Errno.EINVAL;
}
