using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// A WRITE that is under way. Its end notes that it has given the file a time (<see cref="OpenFile.IsWrittenSince"/>). A note at its
/// beginning could be taken back by a SETATTR that comes before the data.
/// </summary>
/// <param name="open">The file that is written; null if nothing is noted.</param>
internal readonly ref struct NotedWrite(OpenFile? open)
{
    public void Dispose()
    {
        if (open is not null)
            open.IsWrittenSince = true;
    }
}
