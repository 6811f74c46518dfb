using System.Runtime.InteropServices;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.Live;

/// <summary>The numbers of a live mount.</summary>
/// <param name="view">The merged view.</param>
/// <param name="access">The way to open files.</param>
/// <param name="copyUp">Null on a mount that writes nothing.</param>
internal sealed class LiveNumbers(MergedView view, FileAccessChoice access, CopyUp? copyUp)
{
    private readonly long _started = Environment.TickCount64;

    /// <summary>Options that the mount does not follow as they were written, a line each.</summary>
    public string Notes { get; set; } = "";

    /// <summary>True if io_uring carries the requests.</summary>
    public bool UsesRing { get; set; }

    /// <summary>Writes the numbers, and the notes after them, as <see cref="LiveControl"/> lays them out.</summary>
    public Errno Tell(Span<byte> answer)
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
        Layers = (view.Layers.Upper is null ? 0 : 1) + view.Inodes.Root.Directory!.Lowers.Length + view.Layers.DataLayers.Count,
        Uptime = Environment.TickCount64 - _started,
        ResidentBytes = Proc.ResidentBytes,
        CopyUps = copyUp?.Copies ?? 0,
        KnownInodes = view.Inodes.Count,
        Io = access.Current.EffectiveIo,
        UserXattr = view.Xattrs.IsUser ? 1 : 0,
        AufsWhiteouts = view.UpperForm.HasMarkFiles ? 1 : 0,
        BelievesOverrides = view.Owners.BelievesUser ? 1 : 0,
        RefusesRedirects = view.Redirect.IsFollowed ? 0 : 1,
        RefusesMetacopies = view.Metacopy.IsOn ? 0 : 1,
        UsesRing = UsesRing ? 1 : 0,
    };
}
