using Microsoft.Win32.SafeHandles;

namespace OverlayFuse.Tools.Snapshotter;

/// <summary>
/// ROOT: the metadata, the directories of the snapshots, an empty directory, and a lock that keeps a second snapshotter away.
/// </summary>
internal sealed class SnapshotterRoot : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly SafeFileHandle _lock;

    /// <summary>Makes what is missing.</summary>
    /// <exception cref="IOException">The place cannot be used; the message says why.</exception>
    public SnapshotterRoot(string root)
    {
        root = Path.GetFullPath(root);
        if (root.AsSpan().ContainsAny(",:\\\""))
            throw new IOException($"{root}: commas, colons, quotes and backslashes have a meaning in mount options; "
                + "choose another directory");
        _ = Directory.CreateDirectory(root, Private);
        Snapshots = Path.Combine(root, "snapshots");
        Metadata = Path.Combine(root, "metadata");
        Empty = Path.Combine(root, "empty");
        _lock = Lock(root);
        // Without the metadata every snapshot would be a leaving.
        if (!File.Exists(Metadata) && Directory.Exists(Snapshots) && Directory.EnumerateFileSystemEntries(Snapshots).Any())
            throw new IOException($"{Metadata} is missing, and {Snapshots} has snapshots; put the file back, or remove them");
        _ = Directory.CreateDirectory(Snapshots, Private);
        _ = Directory.CreateDirectory(Empty, Private);
    }

    public string Snapshots { get; }

    public string Metadata { get; }

    public string Empty { get; }

    public void Dispose() => _lock.Dispose();

    /// <summary>FileShare.None is flock(2), which ends with the process.</summary>
    private static SafeFileHandle Lock(string root)
    {
        try
        {
            return File.OpenHandle(Path.Combine(root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException))
        {
            throw new IOException($"{root} is in use by another snapshotter, or cannot be locked: {e.Message}", e);
        }
    }
}
