using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Workers;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// Undoes a reply that the kernel did not take (ENOENT: the request was aborted): takes back the references and handles that the reply gave
/// out, because the kernel does not.
/// </summary>
public sealed partial class FuseSession
{
    void IWorkerHost.OnUndelivered(ReadOnlySpan<byte> message, ReadOnlySpan<byte> reply, Errno error)
    {
        InHeader header = MemoryMarshal.Read<InHeader>(message);
        if (error != Errno.ENOENT && !IsEnding)
            _log?.Invoke($"FUSE {header.Opcode} unique {header.Unique}: the reply was refused: {error}");
        ReadOnlySpan<byte> body = reply[ReplyWriter.HeaderSize..];
        if (body.IsEmpty)
            return;
        ReadOnlySpan<byte> input = message[Unsafe.SizeOf<InHeader>()..];
        switch (header.Opcode)
        {
            case Opcode.Lookup or Opcode.SymLink or Opcode.MkNod or Opcode.MkDir or Opcode.Link:
                UndoEntry(body);
                break;
            case Opcode.Open or Opcode.OpenDir:
                UndoOpen(header, body, MemoryMarshal.Read<OpenIn>(input).Flags);
                break;
            case Opcode.Create or Opcode.TmpFile:
                header.NodeId = MemoryMarshal.Read<EntryOut>(body).NodeId;
                UndoOpen(header, body[Unsafe.SizeOf<EntryOut>()..], MemoryMarshal.Read<CreateIn>(input).Flags);
                UndoEntry(body);
                break;
            case Opcode.ReadDirPlus:
                UndoReadDirPlus(body);
                break;
        }
    }

    private void UndoOpen(InHeader header, ReadOnlySpan<byte> openOut, OpenFlags flags)
    {
        bool directory = header.Opcode == Opcode.OpenDir;
        header.Opcode = directory ? Opcode.ReleaseDir : Opcode.Release;
        var request = new FuseRequest(header, default, null);
        var release = new ReleaseIn { Fh = MemoryMarshal.Read<OpenOut>(openOut).Fh, Flags = flags };
        // No caller waits for the result.
        _ = directory ? _fileSystem.ReleaseDir(request, release) : _fileSystem.Release(request, release);
    }

    private void UndoEntry(ReadOnlySpan<byte> body)
    {
        NodeId node = MemoryMarshal.Read<EntryOut>(body).NodeId;
        if (node != NodeId.None)
            _fileSystem.Forget(node, 1);
    }

    private void UndoReadDirPlus(ReadOnlySpan<byte> body)
    {
        while (MemoryMarshal.TryRead(body, out DirentPlus entry))
        {
            ReadOnlySpan<byte> name = body.Slice(Unsafe.SizeOf<DirentPlus>(), (int)entry.Dirent.NameLen);
            // fuse_direntplus_link takes no reference for these two.
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                UndoEntry(body);
            body = body[Wire.Align(Unsafe.SizeOf<DirentPlus>() + name.Length)..];
        }
    }
}
