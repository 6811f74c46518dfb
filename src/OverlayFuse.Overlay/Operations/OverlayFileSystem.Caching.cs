using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay.Operations;

/// <summary>What the kernel may keep, and how long.</summary>
public sealed partial class OverlayFileSystem
{
    private Validity EntryValidity => new(_options.EntryTimeout ?? _options.CacheTimeout);

    private Validity AttributeValidity => new(_options.AttributeTimeout ?? _options.CacheTimeout);

    private Validity NegativeValidity => new(_options.NegativeTimeout ?? _options.CacheTimeout);

    /// <summary>Only we change the layers, so what the kernel has cached stays true; unless nothing may be cached.</summary>
    private OpenReplyFlags FileReplyFlags =>
        (_options.IsCaching ? OpenReplyFlags.KeepCache : OpenReplyFlags.None) | (_options.DirectIo ? OpenReplyFlags.DirectIo : OpenReplyFlags.None);

    private void ChooseFeatures(FuseNegotiation session)
    {
        session.Wanted |= InitFlags.AllowIdMap; // our mounts have default_permissions, which it needs
        ChooseWriteBack(session);
        _isStateless = IsStateless(session);
        if (_isStateless)
            session.Wanted &= ~InitFlags.AtomicOTrunc; // a truncation must be told, an open is not
        if (_options.NoAcl || _options.NoXattrs)
            session.Wanted &= ~InitFlags.PosixAcl;
        if (_options.AutoCache)
            session.Wanted = (session.Wanted & ~InitFlags.ExplicitInvalData) | InitFlags.AutoInvalData;
        if (_options.DirectIo)
            session.Wanted |= InitFlags.DirectIoAllowMMap;
    }

    /// <summary>Whether no open needs an answer: all are cached alike, nothing is to be checked, and every file can be opened later too.</summary>
    private bool IsStateless(FuseNegotiation session) =>
        _options is { IsCaching: true, AutoCache: false, DirectIo: false, Verity: VerityMode.Off }
        && !_isWriteBack && session.Offered.HasFlag(InitFlags.NoOpenSupport)
        && (_options.Io == IoMode.Stateless || (_options.Io == IoMode.Auto && CallerProcess.MayOpenAnything));
}

/// <summary>How long an answer holds, in FUSE's two fields.</summary>
/// <param name="time">The time.</param>
internal readonly struct Validity(TimeSpan time)
{
    public ulong Seconds => (ulong)(time.Ticks / TimeSpan.TicksPerSecond);

    public uint Nanoseconds => (uint)(time.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
}
