using Microsoft.Win32.SafeHandles;
using OverlayFuse.Linux;

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
        Make(root);
        Snapshots = Path.Combine(root, "snapshots");
        Metadata = Path.Combine(root, "metadata");
        Empty = Path.Combine(root, "empty");
        _lock = Lock(root);
        // Without the metadata every snapshot would be a leaving.
        if (!File.Exists(Metadata) && Directory.Exists(Snapshots) && Directory.EnumerateFileSystemEntries(Snapshots).Any())
            throw new IOException($"{Metadata} is missing, and {Snapshots} has snapshots; put the file back, or remove them");
        Make(Snapshots);
        Make(Empty);
    }

    public string Snapshots { get; }

    public string Metadata { get; }

    public string Empty { get; }

    public void Dispose() => _lock.Dispose();

    private static void Make(string directory)
    {
        try
        {
            _ = Directory.CreateDirectory(directory, Private);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refusal(directory, e);
        }
    }

    /// <summary>The runtime keeps the number of an error in HResult if it has no exception of its own for it.</summary>
    private static IOException Refusal(string path, Exception e)
    {
        string reason = e is UnauthorizedAccessException ? "permission denied"
            : Path.Exists(path) && !Directory.Exists(path) ? "is not a directory"
            : e.HResult is > 0 and < 200 ? $"cannot be made or locked ({(Errno)e.HResult})"
            : "cannot be made";
        return new IOException($"{path}: {reason}; name a directory as ROOT that you may write to", e);
    }

    /// <summary>FileShare.None is flock(2), which ends with the process.</summary>
    private static SafeFileHandle Lock(string root)
    {
        try
        {
            return File.OpenHandle(Path.Combine(root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.HResult == (int)Errno.EAGAIN)
        {
            throw new IOException($"{root} is in use by another snapshotter; stop it, or choose another directory as ROOT", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refusal(root, e);
        }
    }
}
