using System.Globalization;
using MemoryFileSystem;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Mounting;

if (args.Length is not (1 or 2))
{
    Console.Error.WriteLine("usage: MemoryFileSystem MOUNTPOINT [MIB]");
    return 2;
}
try
{
    long mebibytes = args.Length == 2 ? long.Parse(args[1], CultureInfo.InvariantCulture) : 1024;
    var options = new FuseMountOptions
    {
        MountPoint = args[0],
        Source = "memory",
        Subtype = "memory",
        // Only root may let others in without a line in /etc/fuse.conf.
        AllowOther = Environment.IsPrivilegedProcess,
    };
    FuseServer.Run(new MemoryFs(mebibytes << 20), options, new FuseSessionOptions { Log = Console.Error.WriteLine });
    return 0;
}
catch (Exception failure) when (failure is FuseMountException or FormatException or OverflowException)
{
    Console.Error.WriteLine($"MemoryFileSystem: {failure.Message}");
    return 1;
}
