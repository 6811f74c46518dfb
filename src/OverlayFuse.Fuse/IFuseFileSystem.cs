using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// A file system behind /dev/fuse: one method per operation, called by many workers at once. A method returns <see cref="Errno.None"/> and
/// fills its out structs, or returns an error. It never throws. A method that is not overridden answers ENOSYS: the kernel remembers that,
/// and uses its own default if it has one. Names are views of the request: copy those that you keep. The rules of each operation:
/// linux/fuse.h and libfuse's fuse_lowlevel.h.
/// </summary>
public interface IFuseFileSystem
{
    /// <summary>INIT: chooses features and limits from the offer of the kernel. Called once, before any other method.</summary>
    /// <param name="session">The offered and wanted features. The notifier is usable from here on.</param>
    Errno Init(FuseNegotiation session) => Errno.None;

    /// <summary>The mount is gone. Called once, when no worker is in any other method.</summary>
    void Destroy() { }

    /// <summary>
    /// LOOKUP of a name in directory request.Node: takes one lookup reference. <see cref="EntryOut.NodeId"/> 0 with a timeout is a negative
    /// entry.
    /// </summary>
    Errno Lookup(in FuseRequest request, Name name, out EntryOut entry) { entry = default; return Errno.ENOSYS; }

    /// <summary>
    /// FORGET and BATCH_FORGET: gives lookup references back. Also called for an entry in a reply that was not delivered.
    /// </summary>
    void Forget(NodeId node, ulong lookups) { }

    /// <summary>GETATTR.</summary>
    Errno GetAttr(in FuseRequest request, in GetAttrIn input, out AttrOut attributes) { attributes = default; return Errno.ENOSYS; }

    /// <summary>SETATTR: changes the attributes that input.Valid names.</summary>
    Errno SetAttr(in FuseRequest request, in SetAttrIn input, out AttrOut attributes) { attributes = default; return Errno.ENOSYS; }

    /// <summary>STATX (7.39): the kernel sends it only for fields beyond stat(2).</summary>
    Errno Statx(in FuseRequest request, in StatxIn input, out StatxOut attributes) { attributes = default; return Errno.ENOSYS; }

    /// <summary>READLINK: the target, without a NUL.</summary>
    Errno ReadLink(in FuseRequest request, Span<byte> target, out int length) { length = 0; return Errno.ENOSYS; }

    /// <summary>SYMLINK of <paramref name="name"/> in request.Node.</summary>
    Errno SymLink(in FuseRequest request, Name name, Name target, out EntryOut entry) { entry = default; return Errno.ENOSYS; }

    /// <summary>MKNOD.</summary>
    Errno MkNod(in FuseRequest request, in MkNodIn input, Name name, out EntryOut entry) { entry = default; return Errno.ENOSYS; }

    /// <summary>MKDIR.</summary>
    Errno MkDir(in FuseRequest request, in MkDirIn input, Name name, out EntryOut entry) { entry = default; return Errno.ENOSYS; }

    /// <summary>UNLINK.</summary>
    Errno Unlink(in FuseRequest request, Name name) => Errno.ENOSYS;

    /// <summary>RMDIR.</summary>
    Errno RmDir(in FuseRequest request, Name name) => Errno.ENOSYS;

    /// <summary>RENAME and RENAME2 from request.Node to input.NewDirectory.</summary>
    Errno Rename(in FuseRequest request, in Rename2In input, Name oldName, Name newName) => Errno.ENOSYS;

    /// <summary>LINK: a new name in directory request.Node for the inode input.OldNode.</summary>
    Errno Link(in FuseRequest request, in LinkIn input, Name newName, out EntryOut entry) { entry = default; return Errno.ENOSYS; }

    /// <summary>OPEN.</summary>
    Errno Open(in FuseRequest request, in OpenIn input, out OpenOut opened) { opened = default; return Errno.ENOSYS; }

    /// <summary>READ: fewer bytes than asked for mean end of file.</summary>
    Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count) { count = 0; return Errno.ENOSYS; }

    /// <summary>WRITE.</summary>
    Errno Write(in FuseRequest request, in WriteIn input, ReadOnlySpan<byte> data, out int count) { count = 0; return Errno.ENOSYS; }

    /// <summary>STATFS.</summary>
    Errno StatFs(in FuseRequest request, out KStatFs statistics) { statistics = default; return Errno.ENOSYS; }

    /// <summary>RELEASE: the last close of an open file. The kernel ignores the answer.</summary>
    Errno Release(in FuseRequest request, in ReleaseIn input) => Errno.ENOSYS;

    /// <summary>FSYNC.</summary>
    Errno FSync(in FuseRequest request, in FSyncIn input) => Errno.ENOSYS;

    /// <summary>FLUSH: every close(2).</summary>
    Errno Flush(in FuseRequest request, in FlushIn input) => Errno.ENOSYS;

    /// <summary>SETXATTR.</summary>
    Errno SetXattr(in FuseRequest request, in SetXattrIn input, Name name, ReadOnlySpan<byte> value) => Errno.ENOSYS;

    /// <summary>GETXATTR: an empty <paramref name="value"/> asks for the length only. ERANGE if it is too short.</summary>
    Errno GetXattr(in FuseRequest request, Name name, Span<byte> value, out int length) { length = 0; return Errno.ENOSYS; }

    /// <summary>LISTXATTR: names, each with a NUL. An empty list and ERANGE mean the same as in GETXATTR.</summary>
    Errno ListXattr(in FuseRequest request, Span<byte> list, out int length) { length = 0; return Errno.ENOSYS; }

    /// <summary>REMOVEXATTR.</summary>
    Errno RemoveXattr(in FuseRequest request, Name name) => Errno.ENOSYS;

    /// <summary>OPENDIR.</summary>
    Errno OpenDir(in FuseRequest request, in OpenIn input, out OpenOut opened) { opened = default; return Errno.ENOSYS; }

    /// <summary>READDIR from input.Offset on: adds entries until the writer is full.</summary>
    Errno ReadDir(in FuseRequest request, in ReadIn input, ref DirentWriter entries) => Errno.ENOSYS;

    /// <summary>
    /// READDIRPLUS: READDIR with attributes. Each entry that is written with a NodeId (not "." and "..") takes a lookup reference. Unless
    /// overridden, it writes the same entries without attributes: the kernel has no way back to READDIR.
    /// </summary>
    Errno ReadDirPlus(in FuseRequest request, in ReadIn input, ref DirentWriter entries) => ReadDir(request, input, ref entries);

    /// <summary>RELEASEDIR.</summary>
    Errno ReleaseDir(in FuseRequest request, in ReleaseIn input) => Errno.ENOSYS;

    /// <summary>FSYNCDIR.</summary>
    Errno FSyncDir(in FuseRequest request, in FSyncIn input) => Errno.ENOSYS;

    /// <summary>ACCESS: the kernel does not send it with default_permissions.</summary>
    Errno Access(in FuseRequest request, in AccessIn input) => Errno.ENOSYS;

    /// <summary>CREATE: makes and opens.</summary>
    Errno Create(in FuseRequest request, in CreateIn input, Name name, out EntryOut entry, out OpenOut opened)
    {
        entry = default;
        opened = default;
        return Errno.ENOSYS;
    }

    /// <summary>TMPFILE (7.37): an open file without a name, in directory request.Node.</summary>
    Errno TmpFile(in FuseRequest request, in CreateIn input, out EntryOut entry, out OpenOut opened)
    {
        entry = default;
        opened = default;
        return Errno.ENOSYS;
    }

    /// <summary>IOCTL, restricted form: the kernel copies as many bytes in and out as the number of the command says.</summary>
    Errno IoCtl(in FuseRequest request, in IoCtlIn input, ReadOnlySpan<byte> data, Span<byte> answer, out IoCtlOut result)
    {
        result = default;
        return Errno.ENOSYS;
    }

    /// <summary>FALLOCATE.</summary>
    Errno FAllocate(in FuseRequest request, in FAllocateIn input) => Errno.ENOSYS;

    /// <summary>LSEEK: SEEK_HOLE and SEEK_DATA only.</summary>
    Errno LSeek(in FuseRequest request, in LSeekIn input, out long offset) { offset = 0; return Errno.ENOSYS; }

    /// <summary>COPY_FILE_RANGE and COPY_FILE_RANGE_64 from request.Node to input.OutputNode.</summary>
    Errno CopyFileRange(in FuseRequest request, in CopyFileRangeIn input, out ulong copied) { copied = 0; return Errno.ENOSYS; }

    /// <summary>SYNCFS.</summary>
    Errno SyncFs(in FuseRequest request) => Errno.ENOSYS;
}
