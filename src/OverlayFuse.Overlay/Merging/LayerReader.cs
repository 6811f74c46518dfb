using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// The one place that tells the content of a layer under a name, as the mount shows it: whiteouts of each kind, owners as shown, and
/// the marks of what is there. Lookups, listings and the verb <c>changes</c> ask it, for the upper and for lower layers. It knows no
/// inodes, holds no lock and never changes.
/// </summary>
internal sealed class LayerReader
{
    /// <summary>Names of the private xattrs.</summary>
    public required OverlayXattr Xattrs { get; init; }

    public required Redirect Redirect { get; init; }

    public required Metacopy Metacopy { get; init; }

    /// <summary>The form of deletions in the upper.</summary>
    public required IUpperForm UpperForm { get; init; }

    public required Ownership Owners { get; init; }

    /// <summary>A redirect of a metacopy may lead to a data-only layer.</summary>
    public required bool HasDataLayers { get; init; }

    /// <summary>
    /// True for the layers of the kernel's overlayfs, to which ".wh.NAME" in a lower layer is a name like others. OverlayFuse and
    /// fuse-overlayfs read it as a mark.
    /// </summary>
    public bool IgnoresLowerAufs { get; init; }

    /// <summary>
    /// True if the reader may widen for a moment the mode of an ordinary user's own directory, to read its marks. False for a reader
    /// that writes nothing.
    /// </summary>
    public bool MayWidenModes { get; init; }

    /// <summary>True if redirects are read: where they are followed, and where they may lead to a data-only layer.</summary>
    public bool ReadsRedirects => Redirect.IsFollowed || HasDataLayers;

    /// <summary>Looks at one name in one directory of one layer (ovl_lookup_single).</summary>
    /// <param name="file">The name.</param>
    /// <param name="stat">Its attributes as shown; those of its own for <see cref="LayerSight.NestedView"/>.</param>
    /// <param name="sight">The answer.</param>
    /// <returns>ELOOP for the root of a merged view; another error if the layer cannot be read there.</returns>
    public Errno Look(scoped LayerEntry file, out Statx stat, out LayerSight sight)
    {
        sight = LayerSight.Nothing;
        Errno error = file.IsInUpper ? StatInUpper(file, out stat) : Sys.StatxAt(file.Directory, file.Name, out stat);
        // A name that is too long for the layer's file system is not there.
        if (error is Errno.ENOENT or Errno.ENAMETOOLONG)
            return Errno.None;
        if (error != Errno.None)
            return error;
        if (!file.IsInUpper && (error = NestedView.Refuse(stat)) != Errno.None)
        {
            sight = LayerSight.NestedView;
            return error;
        }
        return LookAt(file, ref stat, out sight);
    }

    /// <summary>
    /// Goes on with a file whose own attributes are known: tells a whiteout, or changes the attributes to those that are shown.
    /// </summary>
    public Errno LookAt(scoped LayerEntry file, ref Statx stat, out LayerSight sight)
    {
        if (Whiteout.Is(Xattrs, file.Directory, file.Name, stat))
        {
            sight = LayerSight.Whiteout;
            return Errno.None;
        }
        sight = LayerSight.File;
        return Owners.Show(file.Layer, file.Directory, file.Name, ref stat);
    }

    /// <summary>True if the name is a mark of AUFS in this layer, which is not shown.</summary>
    public bool IsMark(ushort layer, Name name) =>
        (layer == Limits.NoLayer ? UpperForm.HasMarkFiles : !IgnoresLowerAufs) && AufsWhiteout.IsMark(name);

    /// <summary>Tells if a mark beside a name hides it in the layers below.</summary>
    /// <param name="file">The name.</param>
    /// <param name="marks">The knowledge about marks in its directory.</param>
    /// <param name="hides">The answer.</param>
    public Errno Hides(scoped LayerEntry file, ref Known marks, out bool hides)
    {
        if (file.IsInUpper)
            return UpperForm.Hides(file.Directory, ref marks, file.Name, out hides);
        hides = false;
        return IgnoresLowerAufs ? Errno.None : AufsWhiteout.Hides(file.Directory, ref marks, file.Name, out hides);
    }

    /// <summary>Reads which part of the layers below a directory hides.</summary>
    /// <param name="file">The directory.</param>
    /// <param name="marks">The knowledge about marks of AUFS beside it. Only used in the upper.</param>
    /// <param name="isBottom">Nothing is below the layer, so the mark of AUFS says nothing. Only used in a lower layer.</param>
    /// <param name="mark">The answer.</param>
    public Errno ReadOpaque(scoped LayerEntry file, ref Known marks, bool isBottom, out OpaqueMark mark)
    {
        if (!file.IsInUpper)
            return Opaque.ReadInLower(Xattrs, file.Directory, file.Name, isBottom || IgnoresLowerAufs, out mark);
        Errno error = UpperForm.IsOpaque(file.Directory, ref marks, file.Name, out bool opaque);
        mark = opaque ? OpaqueMark.Opaque : OpaqueMark.None;
        return error;
    }

    /// <summary>Reads under which name or path the layers below have the file; null for the same name.</summary>
    public Errno ReadRedirect(scoped LayerEntry file, out byte[]? redirect) => Redirect.Read(file.Directory, file.Name, out redirect);

    /// <summary>Tells if the data of a file lie below. Only regular files are asked.</summary>
    public Errno IsMetacopy(scoped LayerEntry file, in Statx stat, out bool metacopy)
    {
        metacopy = false;
        return stat.Type == FileType.Regular ? Metacopy.IsMarked(file.Directory, file.Name, out metacopy) : Errno.None;
    }

    /// <summary>Never shows a mode that is widened for a moment.</summary>
    private Errno StatInUpper(scoped LayerEntry file, out Statx stat)
    {
        stat = default;
        return UpperForm.IsReserved(file.Name) ? Errno.ENOENT : OwnerModes.Statx(file.Directory, file.Name, out stat);
    }
}
