using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Checks;

/// <summary>Tries in the work directory what the upper's file system must be able to do, and removes its traces.</summary>
internal static class WorkProbe
{
    private static string Remedy => "put upperdir and workdir on " + UpperAdvice.FileSystems();

    /// <summary>Probes.</summary>
    /// <param name="upper">The upper layer, named in texts.</param>
    /// <param name="work">The work directory, written to.</param>
    /// <param name="wanted">Whether user.overlay.* was asked for; null: decide.</param>
    /// <returns>What marks can be made.</returns>
    public static PossibleMarks Run(LayerPlace upper, LayerPlace work, bool? wanted)
    {
        Name name = Name.From(string.Create(CultureInfo.InvariantCulture, $"#overlayfuse-probe-{Sys.ProcessId}"));
        Require(Sys.MkDirAt(work.Fd, name, Permissions.OwnerAll), $"{work}: cannot be written to", "give the mounting user write access to it");
        try
        {
            Require(Sys.OpenAt(work.Fd, name, OpenFlags.Directory | OpenFlags.NoFollow, out Fd fd), $"{work}: cannot be read back", Remedy);
            using var probe = new ScopedFd(fd);
            RequireEntryTypes(upper, probe);
            MoveProbe.Run(upper, work, probe);
            return new PossibleMarks(RequireXattr(upper, work, name, wanted), CanMakeWhiteouts(upper, probe));
        }
        finally
        {
            _ = Sys.RmDirAt(work.Fd, name); // what is left is removed with the rest at the next mount
        }
    }

    /// <summary>Without d_type a whiteout in a listing cannot be told from a file (ovl_check_d_type_supported).</summary>
    private static void RequireEntryTypes(LayerPlace upper, Fd probe)
    {
        Name name = Name.From("entry");
        Require(Sys.MkNodAt(probe, name, (uint)FileType.Regular | Permissions.OwnerReadWrite, 0), $"{upper}: a file cannot be made in its work directory", Remedy);
        Require(Sys.OpenAt(probe, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened), $"{upper}: its work directory cannot be opened", Remedy);
        using var listed = new ScopedFd(opened); // btrfs lists what was there when a directory was opened
        Span<byte> records = stackalloc byte[1024];
        Errno error = Sys.GetDents(listed, records, out int length);
        var entries = new DirectoryRecords(records[..length]);
        bool hasType = entries.MoveNext() && entries.Type == FileType.Regular;
        _ = Sys.UnlinkAt(probe, name); // then rmdir says so
        Require(error, $"{upper}: its work directory cannot be listed", Remedy);
        if (!hasType)
            throw new MountRefusedException($"{upper}: its file system does not tell the types of entries (d_type); {Remedy} (xfs made with ftype=1)");
    }

    /// <summary>A device 0:0: for anybody since 5.8; the kernel's overlayfs lets nobody make one.</summary>
    private static bool CanMakeWhiteouts(LayerPlace upper, Fd probe)
    {
        Name name = Name.From("whiteout");
        Errno error = Sys.MkNodAt(probe, name, (uint)FileType.CharacterDevice, 0);
        if (error is Errno.EPERM or Errno.EACCES or Errno.EOPNOTSUPP or Errno.EINVAL)
            return false;
        _ = Sys.UnlinkAt(probe, name); // then rmdir says so
        Require(error, $"{upper}: a whiteout cannot be made in its work directory", Remedy);
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
        new($"{upper}: its file system takes no extended attributes {names} ({error}); put upperdir and workdir on {UpperAdvice.FileSystems(names == "user.*")}");

    private static void Require(Errno error, string thing, string remedy)
    {
        if (error != Errno.None)
            throw new MountRefusedException($"{thing} ({error}); {remedy}");
    }
}

/// <summary>What an upper can hold.</summary>
/// <param name="AreUserXattrs">Marks are user.overlay.* instead of trusted.overlay.*.</param>
/// <param name="HasWhiteouts">Whiteout devices can be made; else a deletion is a file ".wh.NAME".</param>
internal readonly record struct PossibleMarks(bool AreUserXattrs, bool HasWhiteouts);
