using System.Buffers.Binary;
using System.Globalization;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Mounts;

/// <summary>
/// Asks a mount what it is. The child takes the ids of the mount's owner: without allow_other FUSE lets nobody else in, not even root. An
/// answer is a claim of the mount's server, which may be any program that calls its mount overlayfuse.
/// </summary>
internal sealed class MountQuestion : IDisposable
{
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
            Steps = [new Step(StepKind.Open), Step.Statistics, new Step(StepKind.Events), Step.AllLayers],
        });
    }

    /// <param name="patience">How long to wait from now on.</param>
    /// <returns>A silent answer if there is none by then.</returns>
    public MountAnswer Await(TimeSpan patience) =>
        _question.Await(patience) ? Answer() : MountAnswer.Nothing(MountState.Silent);

    public void Dispose() => _question.Dispose();

    private MountAnswer Answer()
    {
        Reply[] layers = [.. _question.Replies.Where(reply => reply.Kind == StepKind.Layers)];
        if (_question.Replies is not [{ Error: Errno.None } opened, var told, ..])
            return None(_question.Replies.Count > 0 ? _question.Replies[^1].Error : Errno.EIO);
        uint major = BinaryPrimitives.ReadUInt32LittleEndian(opened.Data);
        uint minor = BinaryPrimitives.ReadUInt32LittleEndian(opened.Data.AsSpan(4));
        // Another mount lies over it.
        if (string.Create(CultureInfo.InvariantCulture, $"{major}:{minor}") != _entry.Device)
            return MountAnswer.Nothing(MountState.Unknown);
        if (told.Error != Errno.None)
            return None(told.Error);
        // No daemon of ours has so many layers.
        if (layers is [.., { Error: Errno.E2BIG }])
            return MountAnswer.Nothing(MountState.Unknown);
        LiveStatistics statistics = LiveControl.ReadStatistics(told.Data);
        IEnumerable<Reply> found = layers.Where(layer => layer.Error == Errno.None);
        return new MountAnswer(MountState.Live, statistics, [.. found.Select(layer => LiveControl.ReadLayer(layer.Data))])
        {
            ProcessId = MountDaemon.Confirm(_entry, statistics),
            Notes = LiveControl.ReadNotes(told.Data),
            Events = ReadEvents(),
        };
    }

    private List<string> ReadEvents()
    {
        var events = new List<string>();
        foreach (Reply reply in _question.Replies)
        {
            if (reply is { Kind: StepKind.Events, Data.Length: > 0 })
                events.Add(LiveControl.ReadEvent(reply.Data));
        }
        return events;
    }

    private static MountAnswer None(Errno error) =>
        MountAnswer.Nothing(FuseMount.IsWithoutDaemon(error) ? MountState.Dead : MountState.Unknown);
}
