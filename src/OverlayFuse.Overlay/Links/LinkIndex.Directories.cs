using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Links;

/// <summary>
/// What else nfs_export=on keeps in the index: for each copied-up directory an empty one with the handle of the upper directory in xattr
/// "upper", and a whiteout in place of what was removed, so that the kernel's overlayfs finds files by their handles.
/// </summary>
internal sealed partial class LinkIndex
{
    /// <summary>Makes the entry of a directory whose copy is in place (ovl_create_index).</summary>
    /// <param name="name">Its name here.</param>
    /// <param name="layer">The upper layer.</param>
    /// <param name="upper">The upper directory.</param>
    /// <param name="work">Where it is made ready.</param>
    public Errno AddDirectory(Name name, Layer layer, Fd upper, WorkDirectory work)
    {
        var entry = new WorkEntry(work);
        try
        {
            if (Sys.MkDirAt(entry.Directory, entry.Name, WorkDirectory.ModeFor(_xattrs)) is not Errno.None and var error)
                return error;
            if (Sys.SetXattrAt(entry.Directory, entry.Name, _xattrs.Upper, Handle(layer, upper, isUpper: true)) is not Errno.None and var unmarked)
                return unmarked;
            return entry.MoveTo(Fd, name);
        }
        finally
        {
            entry.Dispose();
        }
    }

    /// <summary>Whether an upper directory was copied from the lower one that this entry is of; one that says nothing may have been.</summary>
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

    /// <summary>Puts a whiteout in its place: whoever comes with a handle of it is told that it is stale.</summary>
    private void Cover(Name name, WorkDirectory work)
    {
        var entry = new WorkEntry(work);
        if (work.Whiteout.Make(entry.Directory, entry.Name) == Errno.None)
            _ = entry.ExchangeWith(Fd, name); // if it fails, the next mount does it
        entry.Dispose();
    }
}
