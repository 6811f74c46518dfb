using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Mounting;
using TarFileSystem;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: TarFileSystem ARCHIVE MOUNTPOINT");
    return 2;
}
try
{
    using FileStream archive = File.OpenRead(args[0]);
    var options = new FuseMountOptions
    {
        MountPoint = args[1],
        Source = args[0],
        Subtype = "tar",
        Flags = FuseMountFlags.ReadOnly,
        // Only root may let others in without a line in /etc/fuse.conf.
        AllowOther = Environment.IsPrivilegedProcess,
    };
    var index = TarIndex.Read(archive, Console.Error.WriteLine);
    FuseServer.Run(new TarFs(index, archive.SafeFileHandle), options, new FuseSessionOptions { Log = Console.Error.WriteLine });
    return 0;
}
catch (Exception failure) when (failure is EndOfStreamException or InvalidDataException or NotSupportedException or FormatException)
{
    Console.Error.WriteLine($"TarFileSystem: {args[0]}: {failure.Message} A compressed archive must be unpacked first, and a sparse one of "
        + "GNU tar be made with --format=pax");
    return 1;
}
catch (Exception failure) when (failure is FuseMountException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"TarFileSystem: {failure.Message}");
    return 1;
}
