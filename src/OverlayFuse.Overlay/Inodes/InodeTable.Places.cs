using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>The known names of each inode. The lock of the table and that of the names guard everything here.</summary>
internal sealed partial class InodeTable
{
    private void AddPlace(Inode inode, Inode parent, Name name, ref List<Inode>? freed)
    {
        if (!inode.Unlinked)
        {
            if (inode.Place is null || !IsPlacedAt(inode, parent, name))
                PutFirst(inode, parent, name);
            return;
        }
        Inode? lastParent = inode.Place?.Parent;
        parent.Directory!.Children++;
        // Never null: readers without the lock need a place.
        inode.Place = Place.Of(parent, name);
        inode.Unlinked = false;
        if (lastParent is null)
            return;
        lastParent.Directory!.Children--;
        Collect(lastParent, ref freed);
    }

    private static bool IsPlacedAt(Inode inode, Inode parent, Name name) =>
        inode.Place!.Is(parent, name) || (inode.OtherPlaces is { } others && LastOf(others, parent, name) >= 0);

    private static void PutFirst(Inode inode, Inode parent, Name name)
    {
        parent.Directory!.Children++;
        if (inode.Place is { } before)
            (inode.OtherPlaces ??= []).Add(before);
        inode.Place = Place.Of(parent, name);
    }

    private bool RemovePlace(Inode inode, Inode parent, Name name)
    {
        List<Place>? others = inode.OtherPlaces;
        bool isFirst = inode.Place is { } first && first.Is(parent, name);
        if (isFirst && others is null)
            return Nameless(inode);
        int at = others is null ? -1 : isFirst ? others.Count - 1 : LastOf(others, parent, name);
        if (at < 0)
            return !inode.Unlinked;
        if (isFirst)
            inode.Place = others![at];
        others!.RemoveAt(at);
        if (others.Count == 0)
            inode.OtherPlaces = null;
        parent.Directory!.Children--;
        return true;
    }

    private static int LastOf(List<Place> places, Inode parent, Name name)
    {
        int at = places.Count - 1;
        while (at >= 0 && !places[at].Is(parent, name))
            at--;
        return at;
    }

    /// <summary>Marks an inode as unlinked. The last place stays, for later reads of a lower file.</summary>
    private bool Nameless(Inode inode)
    {
        inode.Unlinked = true;
        // The name is free for another inode. An upper inode stays, because it may have links that no client has looked up yet.
        if (IsNamedByPlace(inode))
            Unhash(inode);
        return false;
    }
}
