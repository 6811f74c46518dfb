using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Workers;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

public sealed partial class FuseSession
{
    int IWorkerHost.Dispatch(ReadOnlySpan<byte> message, Span<byte> buffer, InFlightRequest inFlight)
    {
        if (!MemoryMarshal.TryRead(message, out InHeader header))
            // A request without a number cannot be answered.
            return 0;
        var reply = new ReplyWriter(buffer);
        Errno error = Errno.EINVAL;
        if (TrySplit(message, header, out ReadOnlySpan<byte> body, out ReadOnlySpan<byte> extensions))
        {
            var request = new FuseRequest(header, extensions, inFlight);
            var input = new RequestReader(body);
            TraceRequest(header, body);
            inFlight.Begin(header.Unique, header.Opcode);
            error = Refusal(request, body);
            if (error == Errno.None)
                error = Operate(request, ref input, ref reply);
            inFlight.End();
        }
        else if (header.Opcode is Opcode.Forget or Opcode.BatchForget or Opcode.Interrupt or Opcode.NotifyReply)
        {
            return 0;
        }
        int length = reply.Finish(header.Unique, error);
        TraceReply(header, error, length);
        return length;
    }

    /// <summary>Refuses requests that no operation may see.</summary>
    private Errno Refusal(in FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (_takesOnlyWhatIsHeld && IsLate(request.Opcode, body))
            return Errno.ENOTCONN;
        return IsBarred(request) ? Errno.EACCES : Errno.None;
    }

    private bool TrySplit(ReadOnlySpan<byte> message, scoped in InHeader header, out ReadOnlySpan<byte> body,
        out ReadOnlySpan<byte> extensions)
    {
        body = extensions = default;
        int extensionsLength = header.TotalExtLen * 8;
        if (header.Len != message.Length || header.Len < Unsafe.SizeOf<InHeader>() + extensionsLength)
            return false;
        body = message[Unsafe.SizeOf<InHeader>()..];
        extensions = extensionsLength > 0 ? body[^extensionsLength..] : default;
        body = body[..^extensionsLength];
        if (_untoldExtensions)
            extensions = RequestExtensions.AfterNames(header.Opcode, body);
        return true;
    }

    /// <summary>
    /// Has one operation answer the request. DESTROY needs no operation: only block devices wait for its answer, and the end of the session
    /// comes with ENODEV.
    /// </summary>
    private Errno Operate(in FuseRequest request, ref RequestReader input, ref ReplyWriter reply) => request.Opcode switch
    {
        Opcode.Lookup => Lookup(request, ref input, ref reply),
        Opcode.Forget => Forget(request, ref input, ref reply),
        Opcode.GetAttr => GetAttr(request, ref input, ref reply),
        Opcode.SetAttr => SetAttr(request, ref input, ref reply),
        Opcode.ReadLink => ReadLink(request, ref reply),
        Opcode.SymLink => SymLink(request, ref input, ref reply),
        Opcode.MkNod => MkNod(request, ref input, ref reply),
        Opcode.MkDir => MkDir(request, ref input, ref reply),
        Opcode.Unlink => Unlink(request, ref input),
        Opcode.RmDir => RmDir(request, ref input),
        Opcode.Rename => Rename(request, ref input),
        Opcode.Link => Link(request, ref input, ref reply),
        Opcode.Open => Open(request, ref input, ref reply),
        Opcode.Read => Read(request, ref input, ref reply),
        Opcode.Write => Write(request, ref input, ref reply),
        Opcode.StatFs => _fileSystem.StatFs(request, out reply.Append<KStatFs>()),
        Opcode.Release => Release(request, ref input),
        Opcode.FSync => FSync(request, ref input),
        Opcode.SetXattr => SetXattr(request, ref input),
        Opcode.GetXattr => GetXattr(request, ref input, ref reply),
        Opcode.ListXattr => ListXattr(request, ref input, ref reply),
        Opcode.RemoveXattr => RemoveXattr(request, ref input),
        Opcode.Flush => Flush(request, ref input),
        Opcode.Init => Init(ref input, ref reply),
        Opcode.OpenDir => OpenDir(request, ref input, ref reply),
        Opcode.ReadDir => ReadDir(request, ref input, ref reply),
        Opcode.ReleaseDir => ReleaseDir(request, ref input),
        Opcode.FSyncDir => FSyncDir(request, ref input),
        Opcode.Access => Access(request, ref input),
        Opcode.Create => Create(request, ref input, ref reply),
        Opcode.Interrupt => Interrupt(ref input, ref reply),
        Opcode.Destroy => Errno.None,
        Opcode.IoCtl => IoCtl(request, ref input, ref reply),
        Opcode.NotifyReply => reply.None(),
        Opcode.BatchForget => BatchForget(ref input, ref reply),
        Opcode.FAllocate => FAllocate(request, ref input),
        Opcode.ReadDirPlus => ReadDirPlus(request, ref input, ref reply),
        Opcode.Rename2 => Rename2(request, ref input),
        Opcode.LSeek => LSeek(request, ref input, ref reply),
        Opcode.CopyFileRange => CopyFileRange(request, ref input, ref reply),
        Opcode.CopyFileRange64 => CopyFileRange64(request, ref input, ref reply),
        Opcode.SyncFs => _fileSystem.SyncFs(request),
        Opcode.TmpFile => TmpFile(request, ref input, ref reply),
        Opcode.Statx => Statx(request, ref input, ref reply),
        Opcode.GetLk or Opcode.SetLk or Opcode.SetLkW or Opcode.BMap or Opcode.Poll or Opcode.SetupMapping or Opcode.RemoveMapping or _ =>
            Errno.ENOSYS,
    };
}
