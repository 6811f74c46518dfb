using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Fuse;

/// <summary>
/// libfuse's allow_root: of the users that allow_other lets in, only root and one user pass. The kernel answers most requests from its
/// caches. Every path into the mount leads through the root directory, so nothing is cached of that: the kernel asks for its attributes
/// each time (fuse_perm_getattr), and the session refuses.
/// </summary>
public sealed partial class FuseSession
{
    private readonly uint? _onlyUser;

    private bool IsBarred(in FuseRequest request) =>
        _onlyUser is { } user && request.Caller.Uid != 0 && request.Caller.Uid != user && !IsOfOpenFile(request.Opcode);

    /// <summary>True for operations on an open file, which its holder may use, and for messages of the kernel itself.</summary>
    private static bool IsOfOpenFile(Opcode opcode) => opcode is Opcode.Init or Opcode.Destroy or Opcode.Interrupt or Opcode.NotifyReply
        or Opcode.Forget or Opcode.BatchForget or Opcode.Read or Opcode.Write or Opcode.LSeek or Opcode.Flush or Opcode.FSync
        or Opcode.Release or Opcode.ReadDir or Opcode.ReadDirPlus or Opcode.FSyncDir or Opcode.ReleaseDir;

    /// <summary>Makes the kernel ask for the root directory's attributes each time.</summary>
    private void LimitToNow(NodeId node, ref ulong seconds, ref uint nanoseconds)
    {
        if (_onlyUser is null || node != NodeId.Root)
            return;
        seconds = 0;
        nanoseconds = 0;
    }
}
