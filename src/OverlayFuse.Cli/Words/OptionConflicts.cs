using System.Globalization;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Words;

/// <summary>
/// Decides which options exclude which, and which imply another one (ovl_fs_params_verify, EINVAL in the kernel). An option that was not
/// written gives way to one that was. What depends on the machine is decided at the mount.
/// </summary>
internal static class OptionConflicts
{
    private const int ThreadsThatWriteBack = 16;

    /// <summary><c>overlayfuse run</c> and <c>hold</c> have words of their own for these.</summary>
    private static readonly string[] s_layerOptions = ["lowerdir", "lowerdir+", "datadir+", "layers_file", "upperdir", "workdir"];

    /// <exception cref="UsageException">The layers are those of a lowerdir=, which names all of them.</exception>
    public static void RefuseAppended(LayerWords layers, string option)
    {
        if (layers.IsWhole)
            throw new UsageException(
                $"lowerdir= and {option} cannot stand together; give all layers by lowerdir+= and layers_file=, or all by lowerdir=");
    }

    /// <exception cref="UsageException">Data-only layers were named already.</exception>
    public static void RefuseBehindData(LayerWords layers, string option)
    {
        if (layers.Data.Count > 0)
            throw new UsageException($"{option}: comes after datadir+={layers.Data[^1]}; data-only layers are the lowest, name them last");
    }

    /// <summary>Chooses index and nfs_export. Without an upper there is nothing to index.</summary>
    /// <param name="request">What is asked for, nfs_export as it was written.</param>
    /// <param name="index">index= as it was written; null if it was not.</param>
    /// <exception cref="UsageException">nfs_export=on, index= and metacopy= contradict each other.</exception>
    public static MountRequest ChooseIndex(MountRequest request, bool? index)
    {
        OverlayOptions overlay = request.Overlay;
        if (!overlay.NfsExport || overlay is { UpperDir: null, Redirect: not RedirectMode.NoFollow })
            return request with { Overlay = overlay with { Index = index ?? false } };
        if (index == false)
            throw new UsageException("option nfs_export=on: needs index=on; write that, or leave index out");
        if (overlay.Metacopy)
            throw new UsageException("option nfs_export=on: cannot stand with metacopy=on, as in the kernel; leave one of them out");
        if (index is null)
            request = Note(request, "index: on, because nfs_export=on");
        // verity makes metacopies.
        if (overlay.Verity != VerityMode.Off)
            request = Note(request, "nfs_export=on: off, because verity");
        return request with { Overlay = overlay with { Index = true, NfsExport = overlay.Verity == VerityMode.Off } };
    }

    /// <summary>Chooses redirect_dir: metacopy=on turns it on. It stays null where the marks decide.</summary>
    /// <exception cref="UsageException">userxattr, metacopy= and redirect_dir= contradict each other.</exception>
    public static MountRequest ChooseRedirect(MountRequest request)
    {
        OverlayOptions overlay = request.Overlay;
        if (overlay.UserXattr == true)
            RefuseWithUserXattr(overlay);
        bool contradicts = overlay.UpperDir is null
            ? overlay.Redirect is RedirectMode.NoFollow
            : overlay.Redirect is not (null or RedirectMode.On);
        if (overlay.Metacopy && contradicts)
            throw new UsageException("option metacopy=on: needs redirect_dir=on; write that, or leave redirect_dir out");
        if (overlay is not { Metacopy: true, Redirect: null })
            return request;
        return Note(request, "redirect_dir: on, because metacopy=on") with { Overlay = overlay with { Redirect = RedirectMode.On } };
    }

    /// <summary>
    /// Chooses the threads of -s. With writeback=1 some requests make the kernel write back, and wait for it: that takes other threads.
    /// </summary>
    public static MountRequest ChooseThreads(MountRequest request) => request is { SingleThread: true, Overlay.WriteBack: true }
        ? Note(request, string.Create(CultureInfo.InvariantCulture, $"-s: up to {ThreadsThatWriteBack} threads, because writeback=1")) with
        {
            MostThreads = ThreadsThatWriteBack,
        }
        : request;

    /// <exception cref="UsageException">There is an upper, and no directory to work in.</exception>
    public static void RequireWorkDir(OverlayOptions overlay)
    {
        if (overlay is { UpperDir: not null, WorkDir: null })
            throw new UsageException(
                $"upperdir={overlay.UpperDir}: workdir= is missing; give an empty directory beside the upper, on the same file system");
    }

    /// <summary>
    /// Refuses what writeback=1 excludes: the kernel takes size and times of files for its own, and asks nobody before it takes what is
    /// written.
    /// </summary>
    /// <exception cref="UsageException">Another option wants to be asked, or sizes and times to be looked at again.</exception>
    public static void RefuseWithWriteBack(OverlayOptions overlay)
    {
        string? remedy = !overlay.WriteBack ? null : overlay switch
        {
            { Io: IoMode.Passthrough } =>
                "io=passthrough, which writes at the kernel's speed by itself (the kernel refuses both together); leave one of them out",
            { Io: IoMode.Stateless } =>
                "io=stateless, for what is refused must be refused by the open; write io=open, or leave one of them out",
            { DirectIo: true } => "direct_io; leave one of them out",
            { AutoCache: true } => "auto_cache, for the kernel believes no size from elsewhere; leave one of them out",
            { IsCaching: false } => "timeout=0, for the kernel believes no size from elsewhere; leave one of them out",
            _ when overlay.AttributeTimeout == TimeSpan.Zero =>
                "attr_timeout=0, for the kernel believes no size from elsewhere; leave one of them out",
            _ => null,
        };
        if (remedy is not null)
            throw new UsageException("option writeback=1: cannot stand with " + remedy);
    }

    /// <exception cref="UsageException">allow_other and allow_root contradict each other.</exception>
    public static void RefuseAllowed(MountRequest request)
    {
        if (request is { AllowOther: true, AllowRoot: true })
            throw new UsageException("option allow_root: cannot stand with allow_other, as in libfuse; leave one of them out");
    }

    /// <summary>
    /// Refuses what a mount excludes that the caller has made. It may lack default_permissions. With ACLs the kernel checks permissions all
    /// the same (FUSE_POSIX_ACL); without them every user could do everything.
    /// </summary>
    /// <exception cref="UsageException">An option switches ACLs off, or says what only the mount's maker can say.</exception>
    public static void RefuseForeign(MountRequest request)
    {
        string foreign = $"cannot stand with the mountpoint {request.MountPoint}, a mount of the caller's";
        if (request.Overlay.NoAcl || request.Overlay.NoXattrs)
            throw new UsageException(
                $"option {(request.Overlay.NoAcl ? "noacl" : "noxattrs")}: {foreign}, which may not check permissions then; leave it out");
        if (request.Overlay is { ReadOnly: true, UpperDir: not null })
            throw new UsageException(
                $"option ro: {foreign}, which would be written to all the same; "
                + "leave out upperdir and workdir, or mount it read-only and leave out ro");
        if (request.AllowRoot)
            throw new UsageException($"option allow_root: {foreign}, so the caller decides which users may enter; leave it out");
    }

    /// <summary>Refuses what <c>overlayfuse run</c> and <c>hold</c> do not take after -o.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="optionStrings">Its -o words.</param>
    /// <exception cref="UsageException">One of them is there.</exception>
    public static void RefuseInSession(string verb, IEnumerable<string> optionStrings)
    {
        foreach (RawOption option in optionStrings.SelectMany(OptionString.Split))
        {
            if (s_layerOptions.Contains(option.Name))
                throw new UsageException($"{verb}: option {option}: layers are named by --lower and --upper here");
            if (option.Name is "remount" or "debug")
                throw new UsageException($"{verb}: option {option.Name}: not for a session; mount with overlayfuse -o ... MOUNTPOINT");
        }
    }

    private static MountRequest Note(MountRequest request, string text) => request with { Notes = [.. request.Notes, text] };

    /// <summary>Marks that any user can write must lead nowhere.</summary>
    private static void RefuseWithUserXattr(OverlayOptions overlay)
    {
        if (overlay.Metacopy)
            throw new UsageException("option metacopy=on: cannot stand with userxattr, as in the kernel; leave one of them out");
        if (overlay.Redirect is not (null or RedirectMode.NoFollow))
        {
            string value = overlay.Redirect is RedirectMode.On ? "on" : "follow (off means the same)";
            throw new UsageException(
                $"option redirect_dir={value}: cannot stand with userxattr, as in the kernel; "
                + "write redirect_dir=nofollow, or leave one of them out");
        }
    }
}
