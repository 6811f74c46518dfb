using OverlayFuse.Linux;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// What few inodes have: made with the first of these that one gets, and then its own for good. So a file that was only looked at costs
/// little memory. Directories always have one, with more in it: <see cref="DirectoryNode"/>. Each field means what <see cref="Inode"/> says.
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
