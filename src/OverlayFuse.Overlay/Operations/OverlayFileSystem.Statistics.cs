using System.Runtime.InteropServices;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Live;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Operations;

/// <summary>What a live mount tells of itself, for `overlayfuse list`. Takes no lock but that of the inode table.</summary>
public sealed partial class OverlayFileSystem
{
    private readonly long _started = Environment.TickCount64;

    private Errno TellStatistics(Span<byte> answer) =>
        MemoryMarshal.TryWrite(answer, Statistics()) ? Errno.None : Errno.EINVAL;

    /// <summary>The numbers of this moment.</summary>
    public LiveStatistics Statistics() => new()
    {
        ProcessId = Sys.ProcessId,
        ProcessNamespace = LiveStatistics.OwnProcessNamespace,
        Layers = (_layers.Upper is null ? 0 : 1) + _inodes.Root.Directory!.Lowers.Length + _layers.DataLayers.Count,
        Uptime = Environment.TickCount64 - _started,
        ResidentBytes = Proc.ResidentBytes,
        CopyUps = _copyUp?.Copies ?? 0,
        KnownInodes = _inodes.Count,
        Io = EffectiveIo,
        UserXattr = _xattrs.IsUser ? 1 : 0,
        AufsWhiteouts = Options.AufsWhiteouts ? 1 : 0,
        BelievesOverrides = _overrides is { BelievesUser: true } ? 1 : 0,
        RefusesRedirects = Redirect.IsFollowed ? 0 : 1,
        RefusesMetacopies = Metacopy.IsOn ? 0 : 1,
    };
}
