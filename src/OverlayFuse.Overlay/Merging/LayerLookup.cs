using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Merging;

/// <summary>Looks names up in the directories of a mount (ovl_lookup).</summary>
internal static class LayerLookup
{
    /// <summary>Looks a name up. Takes no reference. No error if no layer has it.</summary>
    /// <param name="view">The merged view.</param>
    /// <param name="parent">The directory.</param>
    /// <param name="name">The name.</param>
    /// <param name="found">The result.</param>
    /// <param name="from">0, or the topmost slot that has the name: slot 1 is the first lower layer of the directory.</param>
    /// <returns>EPERM for a redirect or metacopy that the options forbid to follow, EIO for a metacopy without data.</returns>
    public static Errno Resolve(MergedView view, Inode parent, Name name, ref Resolved found, int from = 0)
    {
        found.Reset();
        if (name.Length > Limits.NameMax)
            return Errno.ENAMETOOLONG;
        var pass = new LayerPass<InodeLookup>(view.Reader, name, new InodeLookup(view, parent, name) { Found = found });
        Errno error = pass.Run(from);
        found = pass.Target.Found;
        return error;
    }

    /// <summary>
    /// Tells if a lower layer shows a name in a directory: then its removal needs a whiteout (ovl_lower_positive). A name that cannot
    /// be looked at counts as shown: a whiteout too many hides nothing.
    /// </summary>
    /// <param name="view">The merged view.</param>
    /// <param name="parent">The directory.</param>
    /// <param name="name">The name.</param>
    /// <param name="inUpper">The upper layer has the name too.</param>
    /// <param name="has">The answer.</param>
    /// <returns>EPERM for a lower file that chattr(1) protects (may_delete).</returns>
    public static Errno LowerHas(MergedView view, Inode parent, Name name, bool inUpper, out bool has)
    {
        has = false;
        if (parent.Directory!.Lowers.Length == 0)
            return Errno.None;
        var found = new Resolved(stackalloc ushort[OverlayOptions.MostLowers]);
        found.Reset();
        var pass = new LayerPass<InodeLookup>(view.Reader, name, new InodeLookup(view, parent, name) { Found = found });
        Errno error = pass.LookInLowers(0);
        ref readonly Resolved shown = ref pass.Target.Found;
        has = shown.Exists || error != Errno.None;
        bool mayBeProtected = error == Errno.None && has && !inUpper;
        return mayBeProtected && ProtectionXattr.OfRealFile(view.Layers, shown.Stat) != Protection.None ? Errno.EPERM : Errno.None;
    }
}
