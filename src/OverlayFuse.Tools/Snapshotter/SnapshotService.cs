using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using OverlayFuse.Tools.Containerd;
using OverlayFuse.Tools.Snapshotter.Filters;
using OverlayFuse.Tools.Snapshotter.Model;

namespace OverlayFuse.Tools.Snapshotter;

/// <summary>The service that containerd calls. Every method is one call of <see cref="SnapshotCatalog"/>.</summary>
internal sealed class SnapshotService(SnapshotCatalog catalog) : Containerd.Snapshots.SnapshotsBase
{
    /// <summary>How many snapshots one message of a list has at most.</summary>
    private const int ListChunk = 100;

    private static readonly Empty s_done = new();

    public override Task<PrepareSnapshotResponse> Prepare(PrepareSnapshotRequest request, ServerCallContext context) => Answer(() =>
        new PrepareSnapshotResponse { Mounts = { catalog.Create(Infos.New(request.Key, request.Parent, Kind.Active, request.Labels)) } });

    public override Task<ViewSnapshotResponse> View(ViewSnapshotRequest request, ServerCallContext context) => Answer(() =>
        new ViewSnapshotResponse { Mounts = { catalog.Create(Infos.New(request.Key, request.Parent, Kind.View, request.Labels)) } });

    public override Task<MountsResponse> Mounts(MountsRequest request, ServerCallContext context) =>
        Answer(() => new MountsResponse { Mounts = { catalog.MountOf(request.Key) } });

    public override Task<Empty> Commit(CommitSnapshotRequest request, ServerCallContext context) =>
        Do(() => catalog.Commit(request.Key, request.Name, request.Labels));

    public override Task<Empty> Remove(RemoveSnapshotRequest request, ServerCallContext context) => Do(() => catalog.Remove(request.Key));

    public override Task<StatSnapshotResponse> Stat(StatSnapshotRequest request, ServerCallContext context) =>
        Answer(() => new StatSnapshotResponse { Info = catalog.Stat(request.Key) });

    public override Task<UpdateSnapshotResponse> Update(UpdateSnapshotRequest request, ServerCallContext context) => Answer(() =>
        new UpdateSnapshotResponse { Info = catalog.Update(request.Info ?? new Info(), request.UpdateMask?.Paths ?? []) });

    public override async Task List(
        ListSnapshotsRequest request, IServerStreamWriter<ListSnapshotsResponse> responses, ServerCallContext context)
    {
        Filter[] filters = await Answer<Filter[]>(() => [.. request.Filters.Select(FilterParser.Parse)]);
        IEnumerable<Info> found = catalog.List().Where(info => filters.Length == 0 || filters.Any(filter => filter.Matches(info)));
        foreach (Info[] chunk in found.Chunk(ListChunk))
            await responses.WriteAsync(new ListSnapshotsResponse { Info = { chunk } }, context.CancellationToken);
    }

    public override Task<UsageResponse> Usage(UsageRequest request, ServerCallContext context) => Answer(() =>
    {
        StoredUsage usage = catalog.UsageOf(request.Key);
        return new UsageResponse { Size = usage.Size, Inodes = usage.Inodes };
    });

    public override Task<Empty> Cleanup(CleanupRequest request, ServerCallContext context) => Do(catalog.Cleanup);

    private static Task<Empty> Do(Action action) => Answer(() =>
    {
        action();
        return s_done;
    });

    /// <summary>The disk's errors go to the caller with their text.</summary>
    private static Task<T> Answer<T>(Func<T> action)
    {
        try
        {
            return Task.FromResult(action());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refusal.Unavailable(e.Message);
        }
    }
}
