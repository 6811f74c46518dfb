using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Ring;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>Negotiation.</summary>
public sealed partial class FuseSession
{
    private FuseNegotiation? _negotiation;

    /// <summary>True if SETXATTR carries the long struct.</summary>
    private bool _extendedSetXattr;

    /// <summary>True for 7.36 and 7.37: security contexts follow the names, and no header field gives their length.</summary>
    private bool _untoldExtensions;

    /// <summary>The result of INIT; null before it.</summary>
    public FuseNegotiation? Negotiation => _negotiation;

    private Errno Init(ref RequestReader input, ref ReplyWriter reply)
    {
        if (_negotiation is not null || !TakeInit(ref input, out InitIn kernel))
            return Errno.EINVAL;
        if (kernel.Major > Wire.Major)
        {
            reply.Append<InitOut>() = new InitOut { Major = Wire.Major, Minor = Wire.NewestMinor };
            // The kernel sends INIT again with major version 7.
            return Errno.None;
        }
        if (kernel.Major < Wire.Major || kernel.Minor < Wire.OldestMinor)
            return RefuseInit($"the kernel speaks FUSE {kernel.Major}.{kernel.Minor}, at least {Wire.Major}.{Wire.OldestMinor} is "
                + "needed; use Linux 5.10 or later", Errno.EPROTO);
        var negotiation = new FuseNegotiation(kernel, _limits, _maxWrite, _notifier, new FuseBackingFiles(_device));
        negotiation.MaxReadahead = Math.Min(negotiation.MaxReadahead, _maxReadahead);
        Errno error;
        if ((error = _fileSystem.Init(negotiation)) != Errno.None)
            return RefuseInit("the file system refuses to start", error);
        if (_onlyUser is not null)
            // With it, most requests do not carry the ids of their caller.
            negotiation.Wanted &= ~InitFlags.AllowIdMap;
        if (_usesRing && negotiation.Offered.HasFlag(InitFlags.OverIoUring) && _pool.TryPrepareRing())
        {
            negotiation.Wanted |= InitFlags.OverIoUring;
            negotiation.MaxWrite = Math.Min(negotiation.MaxWrite, FuseRing.MostData);
        }
        reply.Append<InitOut>() = negotiation.ToReply();
        _extendedSetXattr = negotiation.HasFeature(InitFlags.SetXattrExt);
        _untoldExtensions = negotiation.HasFeature(InitFlags.SecurityCtx) && negotiation.ProtocolMinor < 38;
        _negotiation = negotiation;
        TraceNegotiation(negotiation);
        return Errno.None;
    }

    private static bool TakeInit(ref RequestReader input, out InitIn kernel)
    {
        kernel = default;
        bool basic = input.Take(out kernel.Major) && input.Take(out kernel.Minor) && input.Take(out kernel.MaxReadahead) &&
            input.Take(out kernel.Flags);
        // It is absent before 7.36 and reads as 0.
        _ = input.Take(out kernel.Flags2);
        return basic;
    }

    private Errno RefuseInit(string why, Errno error)
    {
        _log?.Invoke($"FUSE INIT: {why} ({error})");
        _interrupts.EndSession();
        return error;
    }
}
