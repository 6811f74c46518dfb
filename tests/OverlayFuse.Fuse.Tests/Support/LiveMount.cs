using OverlayFuse.Fuse.Mounting;

namespace OverlayFuse.Fuse.Tests.Support;

/// <summary>A file system mounted on a directory of its own; gone, whatever happens, when disposed of.</summary>
internal sealed class LiveMount : IDisposable
{
    private readonly FuseMount _mount;
    private readonly List<string> _log = [];

    internal LiveMount(IFuseFileSystem fileSystem, FuseSessionOptions? options = null)
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("ovf-fuse-").FullName;
        _mount = FuseMount.Mount(new FuseMountOptions
        {
            MountPoint = Directory, Source = "memory", Subtype = "ovftest",
            AllowOther = true
        });
        Session = new FuseSession(fileSystem, _mount.Device, (options ?? new FuseSessionOptions()) with { Log = Add });
        Session.Start();
        Assert.That(Session.WaitUntilInitialized(TimeSpan.FromSeconds(10)), Is.True, "INIT");
    }

    internal string Directory { get; }
    internal FuseSession Session { get; }

    internal string[] Log
    {
        get
        {
            lock (_log)
                return [.. _log];
        }
    }

    internal string Run(string script)
    {
        (int exitCode, string output) = Shell.Run(script, Directory);
        Assert.That(exitCode, Is.Zero, output);
        return output;
    }

    internal void Unmount() => _mount.Unmount();

    public void Dispose()
    {
        _mount.Unmount();
        if (!Session.WaitUntilEnded(TimeSpan.FromSeconds(5)))
            Session.Stop();
        System.IO.Directory.Delete(Directory);
    }

    private void Add(string line)
    {
        lock (_log)
            _log.Add(line);
    }
}
