using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Listing;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>Puts the parts of a merged view together, at mount time.</summary>
internal static class ViewAssembly
{
    /// <summary>Opens the parts for these layers, and empties the work directory.</summary>
    /// <exception cref="IOException">
    /// The work directory cannot be emptied, or the upper belongs to other layers. The text names the directory.
    /// </exception>
    public static MergedView Assemble(OverlayOptions options, LayerStack layers, DescriptorReserve reserve, DirectoryCache directories)
    {
        var inos = new InoMapper(options.ShortInos);
        var owners = Ownership.Open(layers, options);
        OverlayXattr xattrs = owners.PrivateXattrs(options.UserXattr ?? !MayUseTrusted(layers));
        var metacopy = new Metacopy(xattrs, options);
        var inodes = new InodeTable(RootParts.Make(layers, xattrs), layers.Upper?.RootIno ?? 0) { KeepsNamed = options.NfsExport };
        NumberFileSystems(layers, inos, inodes.Root);
        bool isWritable = layers.Work is not null && options.IsWritable;
        LinkIndex? index = isWritable && options.Index ? LinkIndex.Open(layers, xattrs, options.NfsExport) : null;
        WorkDirectory? work = isWritable ? WorkDirectory.Open(layers.Work!, xattrs.IsUser, options) : null;
        Whiteout? whiteouts = work is null ? null : new Whiteout(work);
        var kernelForm = new KernelUpper(xattrs, work, whiteouts);
        IUpperForm upperForm = options.AufsWhiteouts ? new AufsUpper(kernelForm, work) : kernelForm;
        var redirect = new Redirect(xattrs, options.Redirect);
        if (isWritable)
            OverlayUuid.WriteTo(layers.Upper!, xattrs, options.Uuid);
        owners.Work = work;
        return new MergedView
        {
            Options = options,
            Layers = layers,
            Xattrs = xattrs,
            Reader = new LayerReader
            {
                Xattrs = xattrs, Redirect = redirect, Metacopy = metacopy, UpperForm = upperForm, Owners = owners,
                HasDataLayers = layers.DataLayers.Count > 0, MayWidenModes = true,
            },
            Redirect = redirect,
            Metacopy = metacopy,
            Origin = new Origin(layers, inos, xattrs, options.Index),
            UpperForm = upperForm,
            Owners = owners,
            Inos = inos,
            Inodes = inodes,
            Kernel = new KernelCache(),
            Directories = directories,
            Impure = new ImpureMarks(xattrs),
            LowerNames = new LowerNamesReader(layers, directories, options.LayersAreOurs),
            Listings = new ListingCache(),
            Files = FilesOf(layers, directories, owners, index, metacopy),
            Reserve = reserve,
            Index = index,
            Durability = new Durability(options),
            Work = work,
            Whiteouts = whiteouts,
        };
    }

    private static RealFiles FilesOf(
        LayerStack layers, DirectoryCache directories, Ownership owners, LinkIndex? index, Metacopy metacopy) =>
        new(layers, directories, owners) { Index = index?.Directory, Verifier = metacopy.IsVerified ? metacopy : null };

    /// <summary>Numbers the file systems in the order of their layers, so they have the same numbers at the next mount.</summary>
    private static void NumberFileSystems(LayerStack layers, InoMapper inos, Inode root)
    {
        foreach (Layer layer in layers.UpperFirst)
            _ = inos.Map(layer.Dev, layer.RootIno);
        root.Ino = inos.Map(layers.Lowers[0].Dev, layers.Lowers[0].RootIno);
    }

    /// <summary>
    /// True if the daemon may write xattrs trusted.*, which needs CAP_SYS_ADMIN in the first user namespace. The test removes an xattr that
    /// does not exist, so it leaves no trace.
    /// </summary>
    private static bool MayUseTrusted(LayerStack layers) =>
        layers.Work is { } work
            ? Sys.RemoveXattrAt(work.Root.Fd, Name.Empty, Name.From(OverlayXattr.TrustedProbe)) is not (Errno.EPERM or Errno.EACCES)
            : UserNamespace.IsRootOfFirst();
}
