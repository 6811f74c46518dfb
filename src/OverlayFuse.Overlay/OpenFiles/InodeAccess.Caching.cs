using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>What the kernel may cache, and which features of FUSE are asked for.</summary>
internal sealed partial class InodeAccess
{
    /// <summary>INIT.</summary>
    /// <returns>EOPNOTSUPP if the kernel has no passthrough, which was asked for; see <see cref="Refusal"/>.</returns>
    public Errno Negotiate(FuseNegotiation session)
    {
        if (view.Options.Io == IoMode.Passthrough && EnablePassthrough(session) is not Errno.None and var refused)
            return refused;
        ChooseFeatures(session);
        return Errno.None;
    }

    public Validity EntryValidity => new(view.Options.EntryTimeout ?? view.Options.CacheTimeout);

    private Validity AttributeValidity => new(view.Options.AttributeTimeout ?? view.Options.CacheTimeout);

    public Validity NegativeValidity => new(view.Options.NegativeTimeout ?? view.Options.CacheTimeout);

    /// <summary>Only we change the layers, so what the kernel has cached stays true; unless nothing may be cached.</summary>
    public OpenReplyFlags FileReplyFlags =>
        (view.Options.IsCaching ? OpenReplyFlags.KeepCache : OpenReplyFlags.None) | (view.Options.DirectIo ? OpenReplyFlags.DirectIo : OpenReplyFlags.None);

    private void ChooseFeatures(FuseNegotiation session)
    {
        session.Wanted |= InitFlags.AllowIdMap; // our mounts have default_permissions, which it needs
        ChooseWriteBack(session);
        _isStateless = MayBeStateless(session);
        if (_isStateless)
            session.Wanted &= ~InitFlags.AtomicOTrunc; // a truncation must be told, an open is not
        if (view.Options.NoAcl || view.Options.NoXattrs)
            session.Wanted &= ~InitFlags.PosixAcl;
        if (view.Options.AutoCache)
            session.Wanted = (session.Wanted & ~InitFlags.ExplicitInvalData) | InitFlags.AutoInvalData;
        if (view.Options.DirectIo)
            session.Wanted |= InitFlags.DirectIoAllowMMap;
    }

    /// <summary>Whether no open needs an answer: all are cached alike, nothing is to be checked, and every file can be opened later too.</summary>
    private bool MayBeStateless(FuseNegotiation session) =>
        view.Options is { IsCaching: true, AutoCache: false, DirectIo: false, Verity: VerityMode.Off }
        && !_isWriteBack && session.Offered.HasFlag(InitFlags.NoOpenSupport)
        && (view.Options.Io == IoMode.Stateless || (view.Options.Io == IoMode.Auto && CallerProcess.MayOpenAnything));
}
