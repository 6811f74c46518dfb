using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>What a live mount tells of itself, for `overlayfuse list`. Takes no lock but that of the inode table.</summary>
public sealed partial class OverlayFileSystem
{
    private readonly long _started = Environment.TickCount64;

    /// <summary>Options that the mount does not follow as they were written, a line each. They are told after the statistics.</summary>
    public string Notes { get; set; } = "";

    private Errno TellStatistics(Span<byte> answer)
    {
        if (!MemoryMarshal.TryWrite(answer, Statistics()))
            return Errno.EINVAL;
        LiveControl.WriteNotes(answer, Notes);
        return Errno.None;
    }

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
