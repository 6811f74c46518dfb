using Microsoft.Win32.SafeHandles;
using OverlayFuse.Linux;
using OverlayFuse.Tools.Containerd;
using OverlayFuse.Tools.Snapshotter.Disk;

namespace OverlayFuse.Tools.Snapshotter.Store;

/// <summary>
/// The file that keeps what changed, in order. A change is there as soon as <see cref="Append"/> has returned, and a crash at any moment
/// leaves all of it or nothing. The owner's lock guards it.
/// </summary>
internal sealed class Journal : IDisposable
{
    /// <summary>The file is written anew when it is as many times larger than when it was last written, and larger than this.</summary>
    private const int GrowthLimit = 4, SmallSize = 256 * 1024;

    private readonly string _path;
    private SafeFileHandle _file;
    private long _length, _compactLength;

    private Journal(string path, SafeFileHandle file, long length)
    {
        _path = path;
        _file = file;
        _length = length;
        _compactLength = length;
    }

    /// <summary>True after a failure that leaves open what is on the disk. Only a new start finds out.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>True if it is time for <see cref="Rewrite"/>.</summary>
    public bool IsLarge => _length > Math.Max(SmallSize, GrowthLimit * _compactLength);

    /// <summary>Opens the file, or makes it.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="replay">Called for each change, in order.</param>
    /// <exception cref="IOException">The file has damage that no crash leaves.</exception>
    public static Journal Open(string path, Action<Change> replay)
    {
        if (!File.Exists(path))
            Replace(path, []).Dispose();
        Errno error;
        if ((error = SyncName(path)) != Errno.None)
            throw new IOException($"{path}: fsync of its directory: {error}");
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        byte[] content = new byte[RandomAccess.GetLength(file)];
        int read = RandomAccess.Read(file, content, 0);
        int end = read == content.Length ? JournalFrame.ReadAll(content, replay) : -1;
        if (end < 0)
        {
            file.Dispose();
            throw new IOException($"{path} is damaged; put back a copy, or remove it together with the snapshots");
        }
        // What a crash left of the last change was never reported as done.
        if (end < content.Length)
            RandomAccess.SetLength(file, end);
        return new Journal(path, file, end);
    }

    /// <summary>Writes a change to the disk.</summary>
    /// <exception cref="IOException">It is not there. After a failed fsync(2) no further change is taken.</exception>
    public void Append(Change change)
    {
        if (IsBroken)
            throw new IOException($"{_path}: an earlier write failed; mend the disk and start the snapshotter again");
        byte[] frame = JournalFrame.Of(change);
        // A failure in here may leave part of the frame.
        IsBroken = true;
        try
        {
            RandomAccess.Write(_file, frame, _length);
        }
        catch (IOException)
        {
            RandomAccess.SetLength(_file, _length);
            IsBroken = false;
            throw;
        }
        RandomAccess.FlushToDisk(_file);
        _length += frame.Length;
        IsBroken = false;
    }

    /// <summary>
    /// Replaces the content by one change that holds everything. If the disk has no room for that, the old content stays, and it is tried
    /// again when the file has grown as much once more.
    /// </summary>
    public void Rewrite(Change everything)
    {
        _compactLength = _length;
        try
        {
            SafeFileHandle written = Replace(_path, JournalFrame.Of(everything));
            _file.Dispose();
            _file = written;
            _compactLength = _length = RandomAccess.GetLength(_file);
            // Without this a crash may bring back the old file, which lacks later changes.
            IsBroken = SyncName(_path) != Errno.None;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The change itself was written before.
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Puts a new file in the place of the old one.</summary>
    /// <returns>The new one, open. If this throws, the old one is in its place.</returns>
    private static SafeFileHandle Replace(string path, byte[] frame)
    {
        string written = path + ".new";
        SafeFileHandle file = File.OpenHandle(written, FileMode.Create, FileAccess.ReadWrite);
        try
        {
            RandomAccess.Write(file, JournalFrame.Magic, 0);
            RandomAccess.Write(file, frame, JournalFrame.Magic.Length);
            RandomAccess.FlushToDisk(file);
            File.Move(written, path, overwrite: true);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static Errno SyncName(string path) => Durable.SyncDirectory(Path.GetDirectoryName(path)!);
}
