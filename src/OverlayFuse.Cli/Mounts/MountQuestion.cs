using System.Buffers.Binary;
using System.Globalization;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Mounts;

/// <summary>
/// Asks a mount what it is. The child takes the ids of the mount's owner: without allow_other FUSE lets nobody else in, not even root. An answer is a
/// claim of whoever serves the mount, who may be anybody that calls the mount overlayfuse.
/// </summary>
internal sealed class MountQuestion : IDisposable
{
    /// <summary>An upper, as many lower layers, and as many data-only ones at the most.</summary>
    public const int MostLayers = 1 + 2 * OverlayOptions.MostLowers;

    private readonly MountEntry _entry;
    private readonly Question _question;

    /// <exception cref="IOException">No child can be started.</exception>
    public MountQuestion(MountEntry entry)
    {
        _entry = entry;
        uint? owner = Sys.EffectiveUid == 0 && LiveMount.Owner(entry) is { } uid and not 0 ? uid : null;
        uint group = uint.TryParse(entry.Option("group_id"), CultureInfo.InvariantCulture, out uint gid) ? gid : owner ?? 0;
        _question = Question.Begin(new Request
        {
            Path = Name.From(entry.MountPoint).ToArray(),
            Asker = owner is { } user ? (user, group) : null,
            Steps = [new Step(StepKind.Open), Statistics, new Step(StepKind.Layers, MostLayers)],
        });
    }

    /// <summary>Asks for <see cref="LiveStatistics"/>.</summary>
    public static Step Statistics => new(StepKind.IoCtl, LiveControl.Statistics) { Argument = new byte[LiveControl.Size] };

    /// <param name="patience">How long to wait from now on.</param>
    /// <returns>A silent one, if there is none by then.</returns>
    public MountAnswer Await(TimeSpan patience) =>
        _question.Await(patience) ? Answer() : MountAnswer.Nothing(MountState.Silent);

    public void Dispose() => _question.Dispose();

    private MountAnswer Answer()
    {
        Reply[] layers = [.. _question.Replies.Skip(2)];
        if (_question.Replies is not [{ Error: Errno.None } opened, var told, ..])
            return None(_question.Replies.Count > 0 ? _question.Replies[^1].Error : Errno.EIO);
        uint major = BinaryPrimitives.ReadUInt32LittleEndian(opened.Data), minor = BinaryPrimitives.ReadUInt32LittleEndian(opened.Data.AsSpan(4));
        if (string.Create(CultureInfo.InvariantCulture, $"{major}:{minor}") != _entry.Device)
            return MountAnswer.Nothing(MountState.Unknown); // another mount lies over it
        if (told.Error != Errno.None)
            return None(told.Error);
        if (layers is [.., { Error: Errno.E2BIG }])
            return MountAnswer.Nothing(MountState.Unknown); // no daemon of ours has so many
        LiveStatistics statistics = LiveControl.ReadStatistics(told.Data);
        return new MountAnswer(MountState.Live, statistics, [.. layers.Where(layer => layer.Error == Errno.None).Select(layer => LiveControl.ReadLayer(layer.Data))])
        {
            ProcessId = MountDaemon.Confirm(_entry, statistics),
        };
    }

    private static MountAnswer None(Errno error) =>
        MountAnswer.Nothing(error is Errno.ENOTCONN or Errno.ECONNABORTED ? MountState.Dead : MountState.Unknown);
}
