using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Links;

/// <summary>
/// The further entries of nfs_export=on, by which the kernel's overlayfs finds files by their handles. Each copied-up directory has an
/// empty directory with the handle of the upper directory in xattr "upper". Each removed file has a whiteout.
/// </summary>
internal sealed partial class LinkIndex
{
    /// <summary>Makes the entry of a directory whose copy is in place (ovl_create_index).</summary>
    /// <param name="name">Its name in the index.</param>
    /// <param name="layer">The upper layer.</param>
    /// <param name="upper">The upper directory.</param>
    /// <param name="work">The entry is made ready there.</param>
    public Errno AddDirectory(Name name, Layer layer, Fd upper, WorkDirectory work)
    {
        var entry = new WorkEntry(work);
        try
        {
            Errno error;
            if ((error = Sys.MkDirAt(entry.Directory, entry.Name, WorkDirectory.ModeFor(_xattrs.IsUser))) != Errno.None)
                return error;
            byte[] handle = Handle(layer, upper, isUpper: true);
            if ((error = Sys.SetXattrAt(entry.Directory, entry.Name, _xattrs.Upper, handle)) != Errno.None)
                return error;
            return entry.MoveTo(Fd, name);
        }
        finally
        {
            entry.Dispose();
        }
    }

    /// <summary>
    /// Tells if an upper directory was copied from the lower directory of an entry. The answer for a directory without an origin is yes.
    /// </summary>
    public Errno IsOrigin(Fd upper, Name name, Name entry, out bool same)
    {
        same = true;
        Span<byte> origin = stackalloc byte[Origin.MaxSize];
        Errno error = Sys.GetXattrAt(upper, name, _xattrs.Origin, origin, out int length);
        if (error == Errno.ENODATA)
            return Errno.None;
        same = error == Errno.None && entry.Bytes.SequenceEqual(new Name(ToName(origin[..length])).Bytes);
        return error == Errno.ERANGE ? Errno.None : error;
    }

    /// <summary>Puts a whiteout in place of an entry: the kernel then answers that a handle of it is stale.</summary>
    private static void Cover(Fd index, Name name, WorkDirectory work, Whiteout whiteouts)
    {
        var entry = new WorkEntry(work);
        if (whiteouts.Make(entry.Directory, entry.Name) == Errno.None)
            // If it fails, the next mount does it.
            _ = entry.ExchangeWith(index, name);
        entry.Dispose();
    }
}
