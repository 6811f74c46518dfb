using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Work;
using OverlayFuse.Tools.Snapshotter.Model;

namespace OverlayFuse.Tools.Snapshotter.Disk;

/// <summary>
/// ROOT/snapshots: a directory per snapshot, named by its id, with the layer in <c>fs</c> and, if it is active, the work directory of
/// overlayfuse in <c>work</c>. Only the metadata say which of them count: one without an entry there is a leaving.
/// </summary>
/// <param name="root">ROOT/snapshots.</param>
internal sealed class SnapshotDirectories(string root)
{
    private const uint Private = 0x1C0, OfLayer = 0x1ED, OfWork = 0x1C9, PermissionBits = 0xFFF;

    public string LayerOf(ulong id) => Path.Combine(PathOf(id), "fs");

    public string WorkOf(ulong id) => Path.Combine(PathOf(id), "work");

    /// <summary>Makes the directory of a snapshot, and waits until the disk has it.</summary>
    /// <param name="id">The snapshot.</param>
    /// <param name="isActive">With a work directory.</param>
    /// <param name="parent">The snapshot whose owner and mode the top directory of the layer gets, as the view showed them.</param>
    public void Make(ulong id, bool isActive, ulong? parent)
    {
        MakeDirectory(PathOf(id), Private);
        MakeDirectory(LayerOf(id), OfLayer);
        if (isActive)
            MakeDirectory(WorkOf(id), OfWork);
        if (parent is { } like)
            Refusal.Unless(CopyOwner(LayerOf(like), LayerOf(id)), LayerOf(id));
        Refusal.Unless(Durable.SyncDirectory(PathOf(id)), PathOf(id));
        Refusal.Unless(Durable.SyncDirectory(root), root);
    }

    /// <summary>Removes the directory of a snapshot with all that is in it.</summary>
    public Errno Remove(ulong id) => Remove(NameOf(id));

    /// <summary>The directories of snapshots that are not in use. Anything else in there is nobody's, and stays.</summary>
    public IReadOnlyList<ulong> Leavings(IReadOnlySet<ulong> used) =>
        [.. Directory.EnumerateDirectories(root)
            .Select(path => ulong.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out ulong id) ? id : 0)
            .Where(id => id != 0 && !used.Contains(id))];

    private string PathOf(ulong id) => Path.Combine(root, NameOf(id));

    private static string NameOf(ulong id) => id.ToString(CultureInfo.InvariantCulture);

    private Errno Remove(string name)
    {
        Errno error;
        if ((error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(root), OpenFlags.Path | OpenFlags.Directory, out Fd opened)) != Errno.None)
            return error;
        using var directory = new ScopedFd(opened);
        return TreeRemover.Remove(directory, Name.From(name));
    }

    /// <summary>With this mode, whatever the umask of the process is.</summary>
    private static void MakeDirectory(string path, uint mode)
    {
        Refusal.Unless(Sys.MkDirAt(Fd.WorkingDirectory, Name.From(path), mode), path);
        Refusal.Unless(Sys.FChModAt(Fd.WorkingDirectory, Name.From(path), mode), path);
    }

    private static Errno CopyOwner(string from, string to)
    {
        Errno error;
        if ((error = Sys.StatxAt(Fd.WorkingDirectory, Name.From(from), out Statx stat)) != Errno.None)
            return error;
        if ((error = Sys.FChownAt(Fd.WorkingDirectory, Name.From(to), stat.Uid, stat.Gid)) != Errno.None)
            return error;
        return Sys.FChModAt(Fd.WorkingDirectory, Name.From(to), stat.Mode & PermissionBits);
    }
}
