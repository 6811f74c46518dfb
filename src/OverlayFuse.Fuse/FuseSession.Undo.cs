using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// A reply that the kernel did not take (ENOENT: the request was aborted): references and handles that it gave out are taken
/// back, as nobody else will.
/// </summary>
public sealed partial class FuseSession
{
    internal void OnUndelivered(ReadOnlySpan<byte> message, ReadOnlySpan<byte> reply, Errno error)
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
            case Opcode.Open:
                _ = _fileSystem.Release(new FuseRequest(header, default, null), ReleaseOf(body, MemoryMarshal.Read<OpenIn>(input).Flags)); // nobody to tell
                break;
            case Opcode.OpenDir:
                _ = _fileSystem.ReleaseDir(new FuseRequest(header, default, null), ReleaseOf(body, MemoryMarshal.Read<OpenIn>(input).Flags)); // nobody to tell
                break;
            case Opcode.Create or Opcode.TmpFile:
                UndoCreate(header, body, MemoryMarshal.Read<CreateIn>(input).Flags);
                break;
            case Opcode.ReadDirPlus:
                UndoReadDirPlus(body);
                break;
        }
    }

    private static ReleaseIn ReleaseOf(ReadOnlySpan<byte> openOut, OpenFlags flags) =>
        new() { Fh = MemoryMarshal.Read<OpenOut>(openOut).Fh, Flags = flags };

    private void UndoEntry(ReadOnlySpan<byte> body)
    {
        NodeId node = MemoryMarshal.Read<EntryOut>(body).NodeId;
        if (node != NodeId.None)
            _fileSystem.Forget(node, 1);
    }

    private void UndoCreate(InHeader header, ReadOnlySpan<byte> body, OpenFlags flags)
    {
        header.NodeId = MemoryMarshal.Read<EntryOut>(body).NodeId;
        ReleaseIn release = ReleaseOf(body[Unsafe.SizeOf<EntryOut>()..], flags);
        _ = _fileSystem.Release(new FuseRequest(header, default, null), release); // nobody to tell
        UndoEntry(body);
    }

    private void UndoReadDirPlus(ReadOnlySpan<byte> body)
    {
        while (MemoryMarshal.TryRead(body, out DirentPlus entry))
        {
            ReadOnlySpan<byte> name = body.Slice(Unsafe.SizeOf<DirentPlus>(), (int)entry.Dirent.NameLen);
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8)) // fuse_direntplus_link takes no reference for these
                UndoEntry(body);
            body = body[Wire.Align(Unsafe.SizeOf<DirentPlus>() + name.Length)..];
        }
    }
}
