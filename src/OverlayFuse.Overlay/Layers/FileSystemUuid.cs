using System.Buffers.Binary;
using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// The UUID of a layer's file system (s_uuid), with which handles on disk begin. ext4 tells it by an ioctl since Linux 6.0. On an older
/// kernel it is read from the disk or from udev's data, and believed if it agrees with ext4's f_fsid, which the kernel makes of it
/// (ext4_statfs).
/// </summary>
internal static class FileSystemUuid
{
    private const int Size = 16;

    /// <summary>struct ext4_super_block: s_magic and s_uuid, behind 1024 bytes for boot code.</summary>
    private const int MagicOffset = 1024 + 0x38, UuidOffset = 1024 + 0x68;

    /// <summary>The UUID, 16 bytes; all zero if there is none, or it cannot be found out.</summary>
    /// <param name="root">Any directory of the file system, open for reading.</param>
    public static byte[] Of(Fd root)
    {
        byte[] uuid = new byte[Size];
        return Sys.GetFileSystemUuid(root, uuid) == Errno.None ? uuid : Search(root) ?? new byte[Size];
    }

    /// <summary>Looks on the disk and in udev's data.</summary>
    /// <returns>Null if the file system is not ext4, or nothing is found.</returns>
    public static byte[]? Search(Fd root)
    {
        if (Sys.FStatFs(root, out StatFs about) != Errno.None || about.Type != FileSystemTypes.Ext4
            || Sys.FStatx(root, out Statx stat) != Errno.None)
            return null;
        string number = string.Create(CultureInfo.InvariantCulture, $"{stat.DevMajor}:{stat.DevMinor}");
        string name = DeviceName(number);
        return new[] { () => FromDisk("/dev/" + name, stat), () => FromUdev(number), () => FromLinks(name) }
            .Select(source => source()).FirstOrDefault(uuid => uuid is not null && ToFsId(uuid) == about.FsId);
    }

    private static ulong ToFsId(byte[] uuid) =>
        BinaryPrimitives.ReadUInt64LittleEndian(uuid) ^ BinaryPrimitives.ReadUInt64LittleEndian(uuid.AsSpan(sizeof(ulong)));

    /// <summary>As a rule only root can read a disk.</summary>
    private static byte[]? FromDisk(string device, in Statx fileSystem)
    {
        if (Sys.OpenAt(Fd.WorkingDirectory, Name.From(device), OpenFlags.ReadOnly | OpenFlags.NonBlock, out Fd opened) != Errno.None)
            return null;
        using var disk = new ScopedFd(opened);
        byte[] magic = new byte[sizeof(ushort)], uuid = new byte[Size];
        bool isRead = Sys.FStatx(disk, out Statx stat) == Errno.None && stat.Type == FileType.BlockDevice
            && (stat.RdevMajor, stat.RdevMinor) == (fileSystem.DevMajor, fileSystem.DevMinor)
            && Sys.PRead(disk, magic, MagicOffset, out int some) == Errno.None && some == magic.Length
            && Sys.PRead(disk, uuid, UuidOffset, out int all) == Errno.None && all == Size;
        return isRead && BinaryPrimitives.ReadUInt16LittleEndian(magic) == FileSystemTypes.Ext4 ? uuid : null;
    }

    private static byte[]? FromUdev(string number) =>
        ValueOf($"/run/udev/data/b{number}", "E:ID_FS_UUID=") is { } uuid ? Parse(uuid) : null;

    private static byte[]? FromLinks(string name)
    {
        try
        {
            return name.Length == 0 ? null : new DirectoryInfo("/dev/disk/by-uuid").EnumerateFiles()
                .Where(link => link.LinkTarget is { } target && Path.GetFileName(target) == name)
                .Select(link => Parse(link.Name)).FirstOrDefault(uuid => uuid is not null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no udev.
            return null;
        }
    }

    /// <summary>"loop0", in /dev.</summary>
    private static string DeviceName(string number) => ValueOf($"/sys/dev/block/{number}/uevent", "DEVNAME=") ?? "";

    /// <summary>The rest of the first line that begins with a key.</summary>
    private static string? ValueOf(string path, string key) =>
        Lines(path).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?[key.Length..];

    private static byte[]? Parse(string text) => Guid.TryParse(text, out Guid uuid) ? uuid.ToByteArray(bigEndian: true) : null;

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
