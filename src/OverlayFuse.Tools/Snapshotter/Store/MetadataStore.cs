using OverlayFuse.Tools.Containerd;
using OverlayFuse.Tools.Snapshotter.Model;

namespace OverlayFuse.Tools.Snapshotter.Store;

/// <summary>
/// The snapshots by name, in memory and in the journal. It knows what containerd demands of names, kinds and parents. The owner's lock
/// guards it; an entry is never changed, but replaced by another.
/// </summary>
internal sealed class MetadataStore : IDisposable
{
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly Journal _journal;
    private ulong _nextId = 1;

    public MetadataStore(string path) => _journal = Journal.Open(path, Replay);

    /// <summary>True if the disk may know more than the memory: no directory may be removed then.</summary>
    public bool IsBroken => _journal.IsBroken;

    /// <summary>All snapshots, in the order of their names.</summary>
    public IReadOnlyList<Entry> All => [.. _entries.Values.OrderBy(entry => entry.Info.Name, StringComparer.Ordinal)];

    /// <summary>The ids that are in use.</summary>
    public IReadOnlySet<ulong> Ids => _entries.Values.Select(entry => entry.Id).ToHashSet();

    /// <summary>An id that no snapshot has had. It is used up at once in memory, and on the disk with the snapshot that has it.</summary>
    public ulong TakeId() => _nextId++;

    /// <summary>Ids of directories that a crash left: the change that would have used them up is not in the journal.</summary>
    public void SkipIds(IReadOnlyList<ulong> ids) => _nextId = Math.Max(_nextId, ids.Count == 0 ? 0 : ids.Max() + 1);

    public Entry Get(string name) => _entries.TryGetValue(name, out Entry? entry) ? entry : throw Refusal.NotFound(name);

    /// <summary>The entries below one, the nearest first.</summary>
    public IReadOnlyList<Entry> ParentsOf(Entry entry)
    {
        List<Entry> parents = [];
        for (string parent = entry.Info.Parent; parent.Length > 0; parent = parents[^1].Info.Parent)
            parents.Add(Get(parent));
        return parents;
    }

    /// <summary>Refuses what <see cref="Add"/> would refuse.</summary>
    public void CheckNew(Info info)
    {
        if (info.Name.Length == 0)
            throw Refusal.Invalid("the key of a snapshot is empty");
        if (_entries.ContainsKey(info.Name))
            throw Refusal.AlreadyExists(info.Name);
        if (info.Parent.Length > 0 && Get(info.Parent).Info.Kind != Kind.Committed)
            throw Refusal.Invalid($"parent {info.Parent} is not committed");
    }

    public void Add(Entry entry)
    {
        CheckNew(entry.Info);
        Apply(new Change { Written = { entry } });
    }

    /// <summary>Refuses what <see cref="Commit"/> would refuse.</summary>
    /// <returns>The active snapshot.</returns>
    public Entry CheckCommit(string key, string name)
    {
        if (name.Length == 0)
            throw Refusal.Invalid("the name of a snapshot is empty");
        if (_entries.ContainsKey(name))
            throw Refusal.AlreadyExists(name);
        Entry active = Get(key);
        return active.Info.Kind == Kind.Active ? active : throw Refusal.WrongState(key, "is not active");
    }

    /// <summary>An active snapshot goes, a committed one with its directory comes.</summary>
    public void Commit(string key, Entry committed)
    {
        if (CheckCommit(key, committed.Info.Name).Id != committed.Id)
            throw Refusal.NotFound(key);
        Apply(new Change { Removed = { key }, Written = { committed } });
    }

    public void Replace(Entry entry) => Apply(new Change { Written = { entry } });

    /// <summary>The directory of the snapshot has no owner after that.</summary>
    public Entry Remove(string name)
    {
        Entry entry = Get(name);
        if (_entries.Values.FirstOrDefault(other => other.Info.Parent == name) is { } child)
            throw Refusal.WrongState(name, $"has a child: {child.Info.Name}");
        Apply(new Change { Removed = { name } });
        return entry;
    }

    public void Dispose() => _journal.Dispose();

    private void Apply(Change change)
    {
        change.NextId = _nextId;
        _journal.Append(change);
        Replay(change);
        if (_journal.IsLarge)
            _journal.Rewrite(new Change { NextId = _nextId, Written = { _entries.Values } });
    }

    private void Replay(Change change)
    {
        foreach (string removed in change.Removed)
            _ = _entries.Remove(removed);
        foreach (Entry written in change.Written)
            _entries[written.Info.Name] = written;
        _nextId = Math.Max(_nextId, change.NextId);
    }
}
