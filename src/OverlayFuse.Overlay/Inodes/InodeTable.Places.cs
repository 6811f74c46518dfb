using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>The known names of each inode. All of it under the table's lock, and that of the names.</summary>
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
        inode.Place = Place.Of(parent, name); // at no time null, for those who read it without the lock
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

    /// <summary>Keeps the last place, for what is still to be read of a lower file.</summary>
    private bool Nameless(Inode inode)
    {
        inode.Unlinked = true;
        if (IsNamedByPlace(inode))
            Unhash(inode); // the name is free for another; an upper inode may have links that nobody looked up yet
        return false;
    }
}
