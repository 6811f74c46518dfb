using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Workers;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>What every operation knows about its request. A view of the worker's buffer: valid until the operation returns.</summary>
public readonly ref struct FuseRequest
{
    private readonly InHeader _header;
    private readonly ReadOnlySpan<byte> _extensions;
    private readonly InFlightRequest? _inFlight;

    /// <summary>A request without a session, for tests of a file system.</summary>
    /// <param name="opcode">What is asked.</param>
    /// <param name="node">The inode it is about.</param>
    /// <param name="caller">Who asks.</param>
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

    /// <summary>What is asked.</summary>
    public Opcode Opcode => _header.Opcode;

    /// <summary>Number of the request.</summary>
    public ulong Unique => _header.Unique;

    /// <summary>The inode it is about.</summary>
    public NodeId Node => _header.NodeId;

    /// <summary>Who asks.</summary>
    public Caller Caller => new(_header.Uid, _header.Gid, _header.Pid);

    /// <summary>
    /// The caller has the directory's group as supplementary group (CREATE_SUPP_GROUP; in what creates inodes), so that a
    /// set-gid directory may hand it on; null when it has not or its only group is <see cref="Protocol.Caller.Gid"/>.
    /// </summary>
    public uint? SupplementaryGroup => RequestExtensions.TryGetGroup(_extensions, out uint group) ? group : null;

    /// <summary>
    /// The caller got a signal that it waits to act on, or the session is ending. Long loops (a copy-up) poll this and answer
    /// EINTR; the kernel waits for the answer in any case.
    /// </summary>
    public bool IsInterrupted => _inFlight is { IsInterrupted: true };

    /// <summary>The session is ending: nobody waits for the answer any more.</summary>
    public bool IsSessionEnding => _inFlight is { IsSessionEnding: true };

    /// <summary>The security label that the new inode must carry (SECURITY_CTX; in what creates inodes).</summary>
    /// <param name="xattr">Name of the xattr, such as security.selinux.</param>
    /// <param name="value">Its value.</param>
    /// <returns>False when there is none.</returns>
    public bool TryGetSecurityContext(out Name xattr, out ReadOnlySpan<byte> value) =>
        RequestExtensions.TryGetSecurityContext(_extensions, out xattr, out value);
}
