using Google.Protobuf.Collections;
using OverlayFuse.Linux;
using OverlayFuse.Tools.Containerd;
using OverlayFuse.Tools.Snapshotter.Disk;
using OverlayFuse.Tools.Snapshotter.Model;
using OverlayFuse.Tools.Snapshotter.Store;

namespace OverlayFuse.Tools.Snapshotter;

/// <summary>
/// The operations on snapshots. The metadata decide: a directory is there before its entry comes, and goes after its entry has gone. So a
/// crash leaves directories without an entry at worst. <c>_lock</c> guards the metadata and <c>_busy</c>. In it a caller waits for the
/// journal and for nothing else.
/// </summary>
internal sealed class SnapshotCatalog : IDisposable
{
    private readonly Lock _lock = new();
    private readonly MetadataStore _store;
    private readonly SnapshotDirectories _directories;
    private readonly MountPlan _plan;
    /// <summary>Directories that a call makes or removes at the moment.</summary>
    private readonly HashSet<ulong> _busy = [];
    private readonly string _root;

    public SnapshotCatalog(SnapshotterRoot root)
    {
        _root = root.Snapshots;
        _store = new MetadataStore(root.Metadata);
        _directories = new SnapshotDirectories(root.Snapshots);
        _plan = new MountPlan(_directories, root.Empty);
        _store.SkipIds(_directories.Leavings(_store.Ids));
    }

    public IReadOnlyList<Info> List()
    {
        lock (_lock)
            return [.. _store.All.Select(entry => entry.Info)];
    }

    public Info Stat(string key)
    {
        lock (_lock)
            return _store.Get(key).Info;
    }

    public Mount MountOf(string key)
    {
        lock (_lock)
        {
            Entry entry = _store.Get(key);
            if (entry.Info.Kind == Kind.Committed)
                throw Refusal.WrongState(key, "is committed; only active snapshots and views are mounted");
            return _plan.For(entry, _store.ParentsOf(entry));
        }
    }

    /// <summary>Prepare and View.</summary>
    public Mount Create(Info info)
    {
        IdMapLabels.Check(info.Labels);
        ulong id;
        ulong? parent;
        lock (_lock)
        {
            _store.CheckNew(info);
            parent = info.Parent.Length == 0 ? null : _store.Get(info.Parent).Id;
            _ = _busy.Add(id = _store.TakeId());
        }
        try
        {
            _directories.Make(id, info.Kind == Kind.Active, parent);
            lock (_lock)
                _store.Add(new Entry { Id = id, Info = info });
        }
        catch
        {
            // Cleanup tries again. After a failed fsync(2) the entry may be on the disk all the same.
            if (!_store.IsBroken)
                _ = _directories.Remove(id);
            throw;
        }
        finally
        {
            Release(id);
        }
        return MountOf(info.Name);
    }

    public void Commit(string key, string name, MapField<string, string> labels)
    {
        Entry active;
        lock (_lock)
            active = _store.CheckCommit(key, name);
        StoredUsage usage = Measure(active);
        // Nobody looks at a committed layer again, so its files are on the disk before it is one.
        Refusal.Unless(Durable.SyncFileSystem(_root), _root);
        Info info = Infos.New(name, active.Info.Parent, Kind.Committed, labels);
        lock (_lock)
            _store.Commit(key, new Entry { Id = active.Id, Info = info, Usage = usage });
    }

    public Info Update(Info wanted, IEnumerable<string> fields)
    {
        lock (_lock)
        {
            Entry changed = _store.Get(wanted.Name).Clone();
            Infos.Update(changed.Info, wanted, fields);
            _store.Replace(changed);
            return changed.Info;
        }
    }

    public StoredUsage UsageOf(string key)
    {
        Entry entry;
        lock (_lock)
            entry = _store.Get(key);
        return entry.Info.Kind == Kind.Active ? Measure(entry) : entry.Usage ?? new StoredUsage();
    }

    public void Remove(string key)
    {
        ulong id;
        lock (_lock)
            _ = _busy.Add(id = _store.Remove(key).Id);
        // The snapshot has gone even if its files stay for a while. Cleanup tries again.
        _ = _directories.Remove(id);
        Release(id);
    }

    /// <summary>Removes directories that no snapshot has. If one of them stays, the others go all the same.</summary>
    public void Cleanup()
    {
        IReadOnlyList<ulong> leavings;
        lock (_lock)
        {
            if (_store.IsBroken)
                throw Refusal.Unavailable($"{_root}: the metadata could not be written; mend the disk and start the snapshotter again");
            leavings = _directories.Leavings(_store.Ids.Union(_busy).ToHashSet());
            _busy.UnionWith(leavings);
        }
        Errno worst = Errno.None;
        foreach (ulong id in leavings)
        {
            Errno error = _directories.Remove(id);
            worst = worst == Errno.None ? error : worst;
            Release(id);
        }
        Refusal.Unless(worst, _root);
    }

    public void Dispose() => _store.Dispose();

    private void Release(ulong id)
    {
        lock (_lock)
            _ = _busy.Remove(id);
    }

    private StoredUsage Measure(Entry entry)
    {
        DiskUsage usage = DiskUsage.Of(_directories.LayerOf(entry.Id));
        return new StoredUsage { Size = usage.Bytes, Inodes = usage.Inodes };
    }
}
