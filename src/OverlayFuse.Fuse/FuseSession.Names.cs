using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>Operations on names.</summary>
public sealed partial class FuseSession
{
    private Errno Lookup(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply) =>
        input.TakeName(out Name name) ? _fileSystem.Lookup(request, name, out reply.Append<EntryOut>()) : Errno.EINVAL;

    private Errno Forget(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (input.Take(out ForgetIn forget))
            _fileSystem.Forget(request.Node, forget.NLookup);
        return reply.None();
    }

    private Errno BatchForget(ref RequestReader input, ref ReplyWriter reply)
    {
        // The count of a malformed one reads as 0.
        _ = input.Take(out BatchForgetIn batch);
        for (uint i = 0; i < batch.Count && input.Take(out ForgetOne forget); i++)
            _fileSystem.Forget(forget.NodeId, forget.NLookup);
        return reply.None();
    }

    private Errno SymLink(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply) =>
        input.TakeName(out Name name) && input.TakeString(out Name target)
            ? _fileSystem.SymLink(request, name, target, out reply.Append<EntryOut>()) : Errno.EINVAL;

    private Errno MkNod(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply) =>
        input.Take(out MkNodIn mkNod) && input.TakeName(out Name name)
            ? _fileSystem.MkNod(request, mkNod, name, out reply.Append<EntryOut>()) : Errno.EINVAL;

    private Errno MkDir(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply) =>
        input.Take(out MkDirIn mkDir) && input.TakeName(out Name name)
            ? _fileSystem.MkDir(request, mkDir, name, out reply.Append<EntryOut>()) : Errno.EINVAL;

    private Errno Unlink(in FuseRequest request, ref RequestReader input) =>
        input.TakeName(out Name name) ? _fileSystem.Unlink(request, name) : Errno.EINVAL;

    private Errno RmDir(in FuseRequest request, ref RequestReader input) =>
        input.TakeName(out Name name) ? _fileSystem.RmDir(request, name) : Errno.EINVAL;

    private Errno Rename(in FuseRequest request, ref RequestReader input) =>
        input.Take(out RenameIn rename) && input.TakeName(out Name oldName) && input.TakeName(out Name newName)
            ? _fileSystem.Rename(request, new Rename2In { NewDirectory = rename.NewDirectory }, oldName, newName) : Errno.EINVAL;

    private Errno Rename2(in FuseRequest request, ref RequestReader input) =>
        input.Take(out Rename2In rename) && input.TakeName(out Name oldName) && input.TakeName(out Name newName)
            ? _fileSystem.Rename(request, rename, oldName, newName) : Errno.EINVAL;

    private Errno Link(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply) =>
        input.Take(out LinkIn link) && input.TakeName(out Name name)
            ? _fileSystem.Link(request, link, name, out reply.Append<EntryOut>()) : Errno.EINVAL;

    private Errno Create(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply) =>
        input.Take(out CreateIn create) && input.TakeName(out Name name)
            ? _fileSystem.Create(request, create, name, out reply.Append<EntryOut>(), out reply.Append<OpenOut>()) : Errno.EINVAL;

    // The kernel sends the name "/" (slash_name of vfs_tmpfile), which means nothing.
    private Errno TmpFile(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply) =>
        input.Take(out CreateIn create)
            ? _fileSystem.TmpFile(request, create, out reply.Append<EntryOut>(), out reply.Append<OpenOut>()) : Errno.EINVAL;

    private Errno OpenDir(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply) =>
        input.Take(out OpenIn open) ? _fileSystem.OpenDir(request, open, out reply.Append<OpenOut>()) : Errno.EINVAL;

    private Errno ReadDir(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (!input.Take(out ReadIn read))
            return Errno.EINVAL;
        var entries = new DirentWriter(reply.Room(read.Size), plus: false);
        Errno error = _fileSystem.ReadDir(request, read, ref entries);
        return reply.Commit(error, entries.Length, entries.Length);
    }

    private Errno ReadDirPlus(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply)
    {
        if (!input.Take(out ReadIn read))
            return Errno.EINVAL;
        var entries = new DirentWriter(reply.Room(read.Size), plus: true);
        Errno error = _fileSystem.ReadDirPlus(request, read, ref entries);
        return reply.Commit(error, entries.Length, entries.Length);
    }

    private Errno ReleaseDir(in FuseRequest request, ref RequestReader input) =>
        input.Take(out ReleaseIn release) ? _fileSystem.ReleaseDir(request, release) : Errno.EINVAL;

    private Errno FSyncDir(in FuseRequest request, ref RequestReader input) =>
        input.Take(out FSyncIn fsync) ? _fileSystem.FSyncDir(request, fsync) : Errno.EINVAL;

    private Errno Interrupt(ref RequestReader input, ref ReplyWriter reply)
    {
        if (input.Take(out InterruptIn interrupt))
            _interrupts.Interrupt(interrupt.Unique);
        return reply.None();
    }
}
