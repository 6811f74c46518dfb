using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Fuse;

/// <summary>
/// libfuse's allow_root: of those whom the kernel lets in by allow_other, only root and one user pass. The kernel answers most questions
/// from its caches and asks nobody; so nothing is cached of the root directory, which each path into the mount leads through: its
/// attributes are asked for each time
/// (fuse_perm_getattr), and refused.
/// </summary>
public sealed partial class FuseSession
{
    private readonly uint? _onlyUser;

    private bool IsBarred(in FuseRequest request) =>
        _onlyUser is { } user && request.Caller.Uid != 0 && request.Caller.Uid != user && !IsOfOpenFile(request.Opcode);

    /// <summary>Who was given an open file may use it; and what the kernel tells concerns nobody.</summary>
    private static bool IsOfOpenFile(Opcode opcode) => opcode is Opcode.Init or Opcode.Destroy or Opcode.Interrupt or Opcode.NotifyReply
        or Opcode.Forget or Opcode.BatchForget or Opcode.Read or Opcode.Write or Opcode.LSeek or Opcode.Flush or Opcode.FSync
        or Opcode.Release
        or Opcode.ReadDir or Opcode.ReadDirPlus or Opcode.FSyncDir or Opcode.ReleaseDir;

    /// <summary>Makes the kernel ask for the root directory's attributes each time.</summary>
    private void LimitToNow(NodeId node, ref ulong seconds, ref uint nanoseconds)
    {
        if (_onlyUser is null || node != NodeId.Root)
            return;
        seconds = 0;
        nanoseconds = 0;
    }
}
