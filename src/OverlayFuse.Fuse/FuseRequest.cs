using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Workers;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>The request as every operation sees it. A view of the worker's buffer: valid until the operation returns.</summary>
public readonly ref struct FuseRequest
{
    private readonly InHeader _header;
    private readonly ReadOnlySpan<byte> _extensions;
    private readonly InFlightRequest? _inFlight;

    /// <summary>A request without a session, for tests of a file system.</summary>
    /// <param name="opcode">The operation.</param>
    /// <param name="node">The inode it is about.</param>
    /// <param name="caller">The calling process.</param>
    public FuseRequest(Opcode opcode, NodeId node, Caller caller = default)
        : this(new InHeader { Opcode = opcode, NodeId = node, Uid = caller.Uid, Gid = caller.Gid, Pid = caller.Pid }, default, null)
    {
    }

    internal FuseRequest(scoped in InHeader header, ReadOnlySpan<byte> extensions, InFlightRequest? inFlight)
    {
        _header = header;
        _extensions = extensions;
        _inFlight = inFlight;
    }

    /// <summary>The operation.</summary>
    public Opcode Opcode => _header.Opcode;

    /// <summary>The number of the request.</summary>
    public ulong Unique => _header.Unique;

    /// <summary>The inode it is about.</summary>
    public NodeId Node => _header.NodeId;

    /// <summary>The calling process.</summary>
    public Caller Caller => new(_header.Uid, _header.Gid, _header.Pid);

    /// <summary>
    /// The directory's group, if the caller has it as a supplementary group (CREATE_SUPP_GROUP; in requests that create inodes): a set-gid
    /// directory hands it on. Null if the caller does not have it, or if its only group is <see cref="Protocol.Caller.Gid"/>.
    /// </summary>
    public uint? SupplementaryGroup => RequestExtensions.TryGetGroup(_extensions, out uint group) ? group : null;

    /// <summary>
    /// True if the caller has a signal to act on, or if the session ends. Long loops (a copy-up) poll this and answer EINTR. The kernel
    /// waits for the answer in any case.
    /// </summary>
    public bool IsInterrupted => _inFlight is { IsInterrupted: true };

    /// <summary>True if the session ends: no caller waits for the answer any more.</summary>
    public bool IsSessionEnding => _inFlight is { IsSessionEnding: true };

    /// <summary>The security label that the new inode must carry (SECURITY_CTX; in requests that create inodes).</summary>
    /// <param name="xattr">The name of the xattr, such as security.selinux.</param>
    /// <param name="value">Its value.</param>
    /// <returns>False if there is none.</returns>
    public bool TryGetSecurityContext(out Name xattr, out ReadOnlySpan<byte> value) =>
        RequestExtensions.TryGetSecurityContext(_extensions, out xattr, out value);
}
