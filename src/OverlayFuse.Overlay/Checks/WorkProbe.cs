using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Checks;

/// <summary>Tests in the work directory the features that the upper's file system must have, and removes its traces.</summary>
internal static class WorkProbe
{
    private static string Remedy => "put upperdir and workdir on " + UpperAdvice.FileSystems();

    /// <summary>Probes.</summary>
    /// <param name="upper">The upper layer, for texts.</param>
    /// <param name="work">The work directory, which is written to.</param>
    /// <param name="wanted">True for user.overlay.*, false for trusted.overlay.*. Null: the probe decides.</param>
    /// <returns>The marks that the upper can hold.</returns>
    public static PossibleMarks Run(LayerPlace upper, LayerPlace work, bool? wanted)
    {
        Name name = Name.From(string.Create(CultureInfo.InvariantCulture, $"#overlayfuse-probe-{Sys.ProcessId}"));
        Errno error = Sys.MkDirAt(work.Fd, name, Permissions.OwnerAll);
        Require(error, $"{work}: cannot be written to", "give the mounting user write access to it");
        try
        {
            error = Sys.OpenAt(work.Fd, name, OpenFlags.Directory | OpenFlags.NoFollow, out Fd fd);
            Require(error, $"{work}: cannot be read back");
            using var probe = new ScopedFd(fd);
            RequireEntryTypes(upper, probe);
            MoveProbe.Run(upper, work, probe);
            return new PossibleMarks(RequireXattr(upper, work, name, wanted), CanMakeWhiteouts(upper, probe));
        }
        finally
        {
            // The next mount removes a probe that is left.
            _ = Sys.RmDirAt(work.Fd, name);
        }
    }

    /// <summary>Requires d_type. Without it a listing does not tell whiteouts from files (ovl_check_d_type_supported).</summary>
    private static void RequireEntryTypes(LayerPlace upper, Fd probe)
    {
        Name name = Name.From("entry");
        Errno error = Sys.MkNodAt(probe, name, (uint)FileType.Regular | Permissions.OwnerReadWrite, 0);
        Require(error, $"{upper}: a file cannot be made in its work directory");
        error = Sys.OpenAt(probe, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened);
        Require(error, $"{upper}: its work directory cannot be opened");
        // The new descriptor is for btrfs, which lists the entries from before the open.
        using var listed = new ScopedFd(opened);
        Span<byte> records = stackalloc byte[1024];
        error = Sys.GetDents(listed, records, out int length);
        var entries = new DirectoryRecords(records[..length]);
        bool hasType = entries.MoveNext() && entries.Type == FileType.Regular;
        // If it fails, rmdir of the probe fails, too.
        _ = Sys.UnlinkAt(probe, name);
        Require(error, $"{upper}: its work directory cannot be listed");
        if (!hasType)
            throw new MountRefusedException(
                $"{upper}: its file system does not tell the types of entries (d_type); {Remedy} (xfs made with ftype=1)");
    }

    /// <summary>True if a device 0:0 can be made. Any user may from Linux 5.8 on, but no user may on the kernel's overlayfs.</summary>
    private static bool CanMakeWhiteouts(LayerPlace upper, Fd probe)
    {
        Name name = Name.From("whiteout");
        Errno error = Sys.MkNodAt(probe, name, (uint)FileType.CharacterDevice, 0);
        if (error is Errno.EPERM or Errno.EACCES or Errno.EOPNOTSUPP or Errno.EINVAL)
            return false;
        // If it fails, rmdir of the probe fails, too.
        _ = Sys.UnlinkAt(probe, name);
        Require(error, $"{upper}: a whiteout cannot be made in its work directory");
        return true;
    }

    private static bool RequireXattr(LayerPlace upper, LayerPlace work, Name name, bool? wanted)
    {
        Errno trusted = wanted == true ? Errno.EPERM : TryXattr(work, name, OverlayXattr.TrustedProbe);
        if (trusted == Errno.None)
            return false;
        if (wanted == false)
            throw Without(upper, "trusted.*", trusted);
        Errno user = TryXattr(work, name, OverlayXattr.UserProbe);
        return user == Errno.None ? true : throw Without(upper, "user.*", user);
    }

    private static Errno TryXattr(LayerPlace work, Name name, string xattr) =>
        Sys.SetXattrAt(work.Fd, name, Name.From(xattr), "y"u8);

    private static MountRefusedException Without(LayerPlace upper, string names, Errno error) =>
        new($"{upper}: its file system takes no extended attributes {names} ({error}); "
            + $"put upperdir and workdir on {UpperAdvice.FileSystems(names == "user.*")}");

    /// <param name="error">What a step of the probe came to.</param>
    /// <param name="thing">What cannot be used.</param>
    /// <param name="remedy">Null: another file system. Which ones are good is looked up only if it is told.</param>
    private static void Require(Errno error, string thing, string? remedy = null)
    {
        if (error != Errno.None)
            throw new MountRefusedException($"{thing} ({error}); {remedy ?? Remedy}");
    }
}

/// <summary>The marks that an upper can hold.</summary>
/// <param name="AreUserXattrs">True if marks are user.overlay.* instead of trusted.overlay.*.</param>
/// <param name="HasWhiteouts">True if whiteout devices can be made. If false, a deletion is a file ".wh.NAME".</param>
internal readonly record struct PossibleMarks(bool AreUserXattrs, bool HasWhiteouts);
