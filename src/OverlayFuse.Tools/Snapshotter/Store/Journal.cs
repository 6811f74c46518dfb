using Microsoft.Win32.SafeHandles;
using OverlayFuse.Tools.Containerd;
using OverlayFuse.Tools.Snapshotter.Disk;
using OverlayFuse.Tools.Snapshotter.Model;

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
    private bool _isBroken;

    private Journal(string path, SafeFileHandle file, long length)
    {
        _path = path;
        _file = file;
        _length = length;
        _compactLength = length;
    }

    /// <summary>True if it is time for <see cref="Rewrite"/>.</summary>
    public bool IsLarge => _length > Math.Max(SmallSize, GrowthLimit * _compactLength);

    /// <summary>Opens the file, or makes it.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="replay">Called for each change, in order.</param>
    /// <exception cref="IOException">The file has damage that no crash leaves.</exception>
    public static Journal Open(string path, Action<Change> replay)
    {
        if (!File.Exists(path))
            Replace(path, []);
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
        if (_isBroken)
            throw new IOException($"{_path}: an earlier write failed; mend the disk and start the snapshotter again");
        byte[] frame = JournalFrame.Of(change);
        // A failure in here may leave part of the frame.
        _isBroken = true;
        try
        {
            RandomAccess.Write(_file, frame, _length);
        }
        catch (IOException)
        {
            RandomAccess.SetLength(_file, _length);
            _isBroken = false;
            throw;
        }
        RandomAccess.FlushToDisk(_file);
        _length += frame.Length;
        _isBroken = false;
    }

    /// <summary>Replaces the content by one change that holds everything. If it fails, the old content stays.</summary>
    public void Rewrite(Change everything)
    {
        byte[] frame = JournalFrame.Of(everything);
        Replace(_path, frame);
        _file.Dispose();
        _file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
        _compactLength = _length = RandomAccess.GetLength(_file);
    }

    public void Dispose() => _file.Dispose();

    private static void Replace(string path, byte[] frame)
    {
        string written = path + ".new";
        using (SafeFileHandle file = File.OpenHandle(written, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, JournalFrame.Magic, 0);
            RandomAccess.Write(file, frame, JournalFrame.Magic.Length);
            RandomAccess.FlushToDisk(file);
        }
        File.Move(written, path, overwrite: true);
        Refusal.Unless(Durable.SyncDirectory(Path.GetDirectoryName(path)!), path);
    }
}
