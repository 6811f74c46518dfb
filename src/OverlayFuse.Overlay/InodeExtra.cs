using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// What few inodes have: made with the first of these that one gets, and then its own for good. So a file that was only looked at costs
/// little memory. Directories always have one, with more in it: <see cref="DirectoryNode"/>. Each field means what <see cref="Inode"/> says.
/// </summary>
internal class InodeExtra
{
    public volatile LowerData? Data;

    public IndexEntry? Index;

    public volatile SafeFd? Pinned;

    public volatile PartialCopy? Partial;

    public volatile OpenFile? Open;

    public List<Place>? OtherPlaces;

    public volatile bool IsLeftBehind;

    public volatile bool IsMappable;

    public bool HasUnseenNames;
}
