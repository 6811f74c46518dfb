using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>The directories and further options of one overlay, lower layers topmost first. No upper: read-only.</summary>
internal sealed record OverlayOptions(IReadOnlyList<string> Lowers, string? Upper, string? Work, string Extra = "")
{
    /// <summary>Data-only layers.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary>Value of <see cref="Io"/>: opens are requests, and the kernel sends late what is written.</summary>
    public const string OpenWithWriteBack = "open,writeback=1";

    /// <summary>Option io= of ours, and what goes with it; empty: left out.</summary>
    public string Io { get; init; } = "";

    public override string ToString()
    {
        string text = "lowerdir=" + string.Join("::", [string.Join(':', Lowers), .. Data]);
        if (Upper is not null) text += $",upperdir={Upper},workdir={Work}";
        return Extra.Length == 0 ? text : $"{text},{Extra}";
    }
}

/// <summary>A live overlay mount, by whichever implementation. Dispose unmounts it and returns when nothing of it is left.</summary>
internal abstract class OverlayMount(string mountpoint) : IDisposable
{
    private const int BusyAttempts = 100, BusyMilliseconds = 20;
    private bool unmounted;

    public string Mountpoint { get; } = mountpoint;

    /// <summary>What reports call this side: "kernel" or the program's name.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Unmounts. Fails when something still uses the mount (a descriptor that a test forgot) or when a daemon stays behind.
    /// </summary>
    public void Unmount()
    {
        if (unmounted) return;
        for (int attempt = 0; Libc.umount2(Libc.Bytes(Mountpoint), 0) != 0; attempt++)
        {
            // A process that another thread is just starting holds copies of all descriptors until its exec.
            if (Stdlib.GetLastError() != Errno.EBUSY || attempt == BusyAttempts) Tool.Check(-1, "umount " + Mountpoint);
            Thread.Sleep(BusyMilliseconds);
        }
        unmounted = true;
        AwaitEnd();
    }

    public void Dispose()
    {
        if (unmounted) return;
        unmounted = true;
        _ = Libc.umount2(Libc.Bytes(Mountpoint), Libc.MNT_DETACH);
        AwaitEnd();
    }

    protected virtual void AwaitEnd()
    {
    }

    protected static void MakeMountpoint(string path)
    {
        if (Syscall.mkdir(path, FilePermissions.ACCESSPERMS) != 0 && Stdlib.GetLastError() != Errno.EEXIST)
            Tool.Check(-1, "mkdir " + path);
    }
}
