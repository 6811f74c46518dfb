using OverlayFuse.Linux;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// Fields that few inodes have. The first of them that an inode gets makes this object, which the inode then keeps. So a file that was only
/// looked up costs little memory. A directory always has one, with more fields: <see cref="DirectoryNode"/>. <see cref="Inode"/> explains
/// each field.
/// </summary>
internal class InodeExtra
{
    public volatile LowerData? Data;

    public IndexEntry? Index;

    public volatile SafeFd? Pinned;

    private volatile PartialCopy? _partial;
    private volatile OpenFile? _open;

    public List<Place>? OtherPlaces;

    public volatile bool IsLeftBehind;

    public volatile bool IsMappable;

    public bool HasUnseenNames;

    public PartialCopy? Partial => _partial;

    public OpenFile? Open => _open;

    public bool MayHavePages { get; private set; }

    public void SetPartial(PartialCopy? partial)
    {
        MayHavePages |= partial is not null;
        _partial = partial;
    }

    public void SetOpen(OpenFile? open)
    {
        MayHavePages |= open is not null;
        _open = open;
    }
}
