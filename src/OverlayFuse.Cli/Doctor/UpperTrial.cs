using OverlayFuse.Cli.Asking;
using OverlayFuse.Cli.Words;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Checks;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Cli.Doctor;

/// <summary>The abilities of a directory that is to be an upper: tried in a directory in it that is removed again.</summary>
internal sealed class UpperTrial : IDisposable
{
    private static string LocalRemedy => "put the upper on " + UpperAdvice.FileSystems();
    private const uint Private = 0x180;

    private readonly LayerPlace _upper;
    private readonly string _name = $"#overlayfuse-doctor-{Sys.ProcessId}";
    private readonly Fd _directory;

    /// <exception cref="MountRefusedException">Nothing can be made there.</exception>
    private UpperTrial(LayerPlace upper)
    {
        _upper = upper;
        Errno error = Sys.MkDirAt(upper.Fd, Name.From(_name), 0x1C0);
        if (error == Errno.None)
            error = Sys.OpenAt(upper.Fd, Name.From(_name), OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow, out _directory);
        if (error != Errno.None)
            throw new MountRefusedException(
                $"{upper.Path}: cannot be written to ({error}); "
                + $"{(error == Errno.EROFS ? "remount it rw" : "give yourself write access")}, or name another directory: --upper DIR");
    }

    /// <summary>The working directory if it can be written to, else the directory for temporary files.</summary>
    public static string DefaultPlace()
    {
        string here = FullPath.WorkingDirectory;
        if (!Question.Answers(here))
            return MountTrial.Temporary;
        var name = Name.From(Path.Combine(here, $"#overlayfuse-doctor-{Sys.ProcessId}"));
        bool isWritable = Sys.MkDirAt(Fd.WorkingDirectory, name, 0x1C0) == Errno.None
            && Sys.RmDirAt(Fd.WorkingDirectory, name) == Errno.None;
        return isWritable ? here : MountTrial.Temporary;
    }

    /// <param name="path">The directory.</param>
    /// <param name="isOurChoice">True if the user has not named it.</param>
    public static IEnumerable<Finding> Run(string path, bool isOurChoice)
    {
        const string key = "upper";
        string what = $"an upper in {path}";
        if (!Question.Answers(path))
        {
            const string detail = "does not answer: it is on a mount that hangs, or behind one";
            return [Finding.No(key, what, detail, "name another directory: --upper DIR") with { Needed = true }];
        }
        try
        {
            using LayerPlace place = LayerPlace.Open("upperdir", FullPath.Of(path), OwnMounts.Read());
            UpperChecks.RefuseFileSystem(place);
            using var trial = new UpperTrial(place);
            string type = place.Mount?.Type ?? "unknown file system";
            string detail = isOurChoice ? type + " (another one: --upper DIR)" : type;
            return [Finding.Yes(key, what, detail) with { Needed = true }, .. trial.All()];
        }
        catch (MountRefusedException e)
        {
            return [Finding.Refused(key, what, e) with { Needed = true }];
        }
    }

    public void Dispose()
    {
        if (_directory.IsOpen)
            Sys.Close(_directory);
        // Each trial has removed what it made.
        _ = Sys.RmDirAt(_upper.Fd, Name.From(_name));
    }

    private Finding[] All()
    {
        Finding trusted = Xattr("upper-trusted-xattr", "upper: xattrs trusted.*", "trusted.overlay.probe",
            "root outside of user namespaces may; for you marks are user.overlay.*");
        Finding user = Xattr("upper-user-xattr", "upper: xattrs user.*", "user.overlay.probe",
            "put the upper on " + UpperAdvice.FileSystems(needsUserXattrs: true));
        return
        [
            Types(), trusted, user with { Needed = trusted.Status == Verdict.No },
            Whiteouts(), TmpFile(), RenameWhiteout(), Reflinks(),
        ];
    }

    private Finding Whiteouts()
    {
        const string instead =
            "not needed: deletions are marked by files .wh.NAME instead, which only overlayfuse and fuse-overlayfs understand; ";
        Name name = Name.From("made");
        Errno error = Sys.MkNodAt(_directory, name, (uint)FileType.CharacterDevice, 0);
        RemoveIfThere(name);
        return Tried("upper-whiteout", "upper: whiteouts (devices 0:0)", error, instead + LocalRemedy + " (for users: Linux 5.8)");
    }

    /// <summary>d_type: without it a whiteout in a listing looks like a file.</summary>
    private Finding Types()
    {
        Name name = Name.From("entry");
        bool told = false;
        Errno error = Sys.MkNodAt(_directory, name, (uint)FileType.Regular | Private, 0);
        if (error == Errno.None)
            error = List(out told);
        RemoveIfThere(name);
        string detail = told ? "tried" : error == Errno.None ? "not told" : $"{error}";
        return Finding.If(told, "upper-d-type", "upper: types in listings", detail, LocalRemedy + " (xfs: made with ftype=1)") with
        {
            Needed = true,
        };
    }

    private Errno List(out bool told)
    {
        told = false;
        Errno error;
        if ((error = Sys.OpenAt(_directory, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened)) != Errno.None)
            return error;
        using var directory = new ScopedFd(opened);
        Span<byte> records = stackalloc byte[1024];
        error = Sys.GetDents(directory, records, out int length);
        var entries = new DirectoryRecords(records[..length]);
        told = error == Errno.None && entries.MoveNext() && entries.Type == FileType.Regular;
        return error;
    }

    private Finding Xattr(string key, string what, string xattr, string remedy)
    {
        Errno error = Sys.SetXattrAt(_directory, Name.Empty, Name.From(xattr), "y"u8);
        if (error == Errno.None)
        {
            // Its directory is removed, too.
            _ = Sys.RemoveXattrAt(_directory, Name.Empty, Name.From(xattr));
        }
        return Tried(key, what, error, remedy);
    }

    private Finding TmpFile()
    {
        Errno error = Sys.OpenAt(_directory, Name.Dot, OpenFlags.TmpFile | OpenFlags.ReadWrite, out Fd opened, Private);
        using var file = new ScopedFd(opened);
        return Tried("upper-tmpfile", "upper: O_TMPFILE", error, "not needed but by programs that use it; " + LocalRemedy);
    }

    private Finding RenameWhiteout()
    {
        Name from = Name.From("from"), to = Name.From("to");
        Errno error = Sys.MkNodAt(_directory, from, (uint)FileType.Regular | Private, 0);
        if (error == Errno.None)
            error = Sys.RenameAt(_directory, from, _directory, to, RenameFlags.Whiteout);
        RemoveIfThere(from);
        RemoveIfThere(to);
        return Tried("upper-rename-whiteout", "upper: RENAME_WHITEOUT", error, "not needed but by an overlay on this one; " + LocalRemedy);
    }

    private Finding Reflinks()
    {
        Errno error = Sys.OpenAt(_directory, Name.Dot, OpenFlags.TmpFile | OpenFlags.ReadWrite, out Fd one, Private);
        using var source = new ScopedFd(one);
        Fd two = Fd.None;
        if (error == Errno.None)
            error = Sys.OpenAt(_directory, Name.Dot, OpenFlags.TmpFile | OpenFlags.ReadWrite, out two, Private);
        using var target = new ScopedFd(two);
        if (error == Errno.None)
            error = Sys.PWrite(source, "y"u8, 0, out _);
        if (error == Errno.None)
            error = Sys.Clone(source, target);
        return Tried("upper-reflink", "upper: reflinks", error,
            "not needed; upper and lower layers on one btrfs or xfs make copies that take no room");
    }

    /// <summary>A trial that failed has made nothing.</summary>
    private void RemoveIfThere(Name name) => _ = Sys.UnlinkAt(_directory, name);

    private static Finding Tried(string key, string what, Errno error, string remedy) =>
        Finding.If(error == Errno.None, key, what, error == Errno.None ? "tried" : $"{error}", remedy);
}
