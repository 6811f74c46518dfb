using OverlayFuse.Linux;

namespace OverlayFuse.Cli;

/// <summary>
/// What the kernel holds of a mount with writeback=1 and has not sent yet: files that are open, for close(2) sends it. Taken hold of while there is a
/// mountpoint, collected when nobody finds the mount there any more.
/// </summary>
internal sealed class Unwritten : IDisposable
{
    private readonly SafeFd _root;

    private Unwritten(Fd root) => _root = new SafeFd(root);

    /// <summary>Null where the mount cannot be entered: then it is gone.</summary>
    /// <param name="mountPoint">Its root.</param>
    public static Unwritten? Of(string mountPoint) =>
        Sys.OpenAt(Fd.WorkingDirectory, Name.From(mountPoint), OpenFlags.ReadOnly | OpenFlags.Directory, out Fd root) == Errno.None ? new Unwritten(root) : null;

    /// <summary>Has it sent, while the workers still answer. What fails is told to who has the file open, by fsync(2) or close(2).</summary>
    /// <param name="wait">Waits for what syncfs(2) has only begun.</param>
    /// <param name="patience">How long to wait: a layer may hang.</param>
    public void Collect(Action wait, TimeSpan patience)
    {
        if (!_root.TryAcquire())
            return;
        var thread = new Thread(() =>
        {
            _ = Sys.SyncFs(_root.Fd);
            wait();
            _root.Release();
        })
        { IsBackground = true, Name = "write-back" };
        thread.Start();
        _ = thread.Join(patience);
    }

    public void Dispose() => _root.Release();
}
