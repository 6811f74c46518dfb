using System.Globalization;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.BenchPeers;

/// <summary>A root directory and nothing to do: what is left is the kernel's way to a daemon and back.</summary>
internal sealed class NullFileSystem : IFuseFileSystem
{
    private const int Trips = 50_000;

    public Errno GetAttr(in FuseRequest request, in GetAttrIn input, out AttrOut attributes)
    {
        // 0555
        attributes = new AttrOut { AttrValid = 60, Attr = new Attr { Ino = 1, Mode = (uint)FileType.Directory | 0x16D, Nlink = 2 } };
        return Errno.None;
    }

    public Errno StatFs(in FuseRequest request, out KStatFs statistics)
    {
        statistics = default;
        return Errno.None;
    }

    /// <summary>The empty round trip, of some runs.</summary>
    public static RoundTrip Measure(string client)
    {
        string mountPoint = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"ovf-bench-null-{Environment.ProcessId}")).FullName;
        FuseMount mount = FuseMount.Mount(new FuseMountOptions { MountPoint = mountPoint, Source = "null", Subtype = "null" });
        FuseSession session = new(new NullFileSystem(), mount.Device);
        session.Start();
        try
        {
            return RoundTrip.Of(Enumerable.Range(0, 5).Select(_ => Time(client, mountPoint) / Trips));
        }
        finally
        {
            mount.Unmount();
            session.WaitUntilEnded(TimeSpan.FromSeconds(5));
            Directory.Delete(mountPoint);
        }
    }

    private static double Time(string client, string mountPoint)
    {
        Finished finished = Command.Run([client, "stat-file-system", mountPoint, Trips.ToString(CultureInfo.InvariantCulture)],
            TimeSpan.FromSeconds(30));
        return finished.Succeeded ? long.Parse(finished.Output.Split(' ')[0], CultureInfo.InvariantCulture) / 1e9 : double.NaN;
    }
}
