using OverlayFuse.Cli.Asking;
using OverlayFuse.Cli.Words;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Checks;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Cli.Doctor;

/// <summary>A real mount on a temporary directory, made as every mount is, and unmounted at once.</summary>
/// <param name="Offer">The kernel's word; null if there was no mount.</param>
/// <param name="Place">The directory; null if none could be made.</param>
/// <param name="Refusal">Why the mount was refused; null if it was not.</param>
internal sealed record MountTrial(KernelOffer? Offer, string? Place, Exception? Refusal)
{
    private const string Key = "mount", What = "a mount by you";

    /// <param name="at">A directory for the trial. Null: one for temporary files.</param>
    public static MountTrial Run(string? at)
    {
        string? place = MakeDirectory(at is null ? [Temporary, "/tmp", "/dev/shm", Sys.GetVariable("XDG_RUNTIME_DIR")] : [at]);
        if (place is null)
            return new MountTrial(null, null, at is null ? null : WhyNoDirectory(at)) { At = at };
        try
        {
            return new MountTrial(MountOver(place), place, null);
        }
        catch (FuseMountException e)
        {
            return new MountTrial(null, place, e);
        }
        finally
        {
            // It was empty.
            _ = Sys.RmDirAt(Fd.WorkingDirectory, Linux.Name.From(place));
        }
    }

    /// <summary>The directory that the user named.</summary>
    public string? At { get; private init; }

    /// <param name="worksInANamespace">True if the user could mount in a user namespace of its own.</param>
    /// <param name="remedyHere">What helps in this kind of place; null if nothing special does.</param>
    public Finding Finding(bool worksInANamespace, string? remedyHere)
    {
        const string instead = "mount in a user namespace: unshare --user --map-root-user --mount sh, then overlayfuse";
        if (Place is null && At is not null)
            return Doctor.Finding.Refused(Key, What, Refusal!) with { Needed = true };
        if (Place is null)
            return Doctor.Finding.Unknown(Key, What, "no temporary directory can be made for it (TMPDIR, /tmp, /dev/shm)") with
            {
                Needed = true,
            };
        if (Refusal is null)
            return Doctor.Finding.Yes(Key, What, $"tried on {Path.GetDirectoryName(Place)}") with { Needed = true };
        Finding refused = Doctor.Finding.Refused(Key, What, Refusal);
        string text = refused.Detail.Replace(Place + ": ", "", StringComparison.Ordinal);
        // The refusal itself tells which mountpoints are allowed.
        bool isForbiddenPlace = text.Contains(FusermountProfile.Path, StringComparison.Ordinal);
        string? remedy = isForbiddenPlace ? refused.Remedy : worksInANamespace ? instead : remedyHere ?? refused.Remedy;
        return refused with
        {
            Detail = text,
            Remedy = remedy ?? "see the lines below that say no",
            Needed = true,
        };
    }

    private static MountRefusedException WhyNoDirectory(string at)
    {
        if (!Question.Answers(at))
            return new($"--at={at}: does not answer: it is on a mount that hangs, or behind one; name another directory: --at DIR");
        try
        {
            using LayerPlace place = LayerPlace.Open("--at", FullPath.Of(at), OwnMounts.Read());
            return new($"{place}: no directory can be made there; name a directory that is yours: --at DIR");
        }
        catch (MountRefusedException e)
        {
            return e;
        }
    }

    private static KernelOffer? MountOver(string place)
    {
        FuseMount mount = FuseMount.Mount(new FuseMountOptions
        {
            MountPoint = place,
            Source = "overlayfuse",
            Subtype = "overlayfuse-doctor",
        });
        try
        {
            return KernelOffer.Read(mount.Device, out KernelOffer offer) == Errno.None ? offer : null;
        }
        finally
        {
            mount.Unmount();
            Sys.Close(mount.Device);
        }
    }

    /// <summary>The directory for temporary files.</summary>
    public static string Temporary => Sys.GetVariable("TMPDIR") is { Length: > 0 } chosen ? chosen : "/tmp";

    private static string? MakeDirectory(string?[] parents) => parents
        .Where(parent => !string.IsNullOrEmpty(parent) && Question.Answers(parent))
        .Select(parent => Path.Combine(FullPath.Of(parent!), $"overlayfuse-doctor-{Sys.ProcessId}"))
        .FirstOrDefault(path => Sys.MkDirAt(Fd.WorkingDirectory, Linux.Name.From(path), 0x1C0) == Errno.None);
}
