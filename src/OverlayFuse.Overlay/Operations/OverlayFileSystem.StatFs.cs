using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Operations;

/// <summary>STATFS of the upper layer, or of the topmost lower one (ovl_statfs), and SYNCFS of the upper layer (ovl_sync_fs).</summary>
public sealed partial class OverlayFileSystem
{
    /// <inheritdoc/>
    public Errno StatFs(in FuseRequest request, out KStatFs statistics)
    {
        Layer layer = _view.Layers.Upper ?? _view.Layers.Lowers[0];
        Errno error = Sys.FStatFs(layer.Root.Fd, out StatFs real);
        statistics = new KStatFs
        {
            Blocks = real.Blocks,
            BFree = real.BlocksFree,
            BAvail = real.BlocksAvailable,
            Files = real.Files,
            FFree = real.FilesFree,
            BSize = (uint)real.BlockSize,
            NameLen = (uint)real.NameLength,
            FrSize = (uint)real.FragmentSize,
        };
        return error;
    }

    /// <inheritdoc/>
    public Errno SyncFs(in FuseRequest request) =>
        _view.Layers.Upper is { } upper ? _view.Durability.SyncFileSystem(upper.Root.Fd) : _view.Durability.RequireWanted();
}
