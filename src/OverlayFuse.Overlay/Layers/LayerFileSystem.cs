using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>What is known of a layer's file system. Layers on one file system share it.</summary>
/// <param name="Uuid">s_uuid; all zero if it has none or shows none. Without it, origins are not known. See Origin.</param>
/// <param name="IsCaseSensitive">
/// A name is found as it is listed, and under no other spelling, except in directories with the attribute casefold.
/// </param>
/// <param name="IsLocal">Closing a file waits for nothing but the disk. See <c>FileClosers</c>.</param>
/// <param name="IsErofs">EROFS shows every file as immutable (erofs_getattr); the VFS knows no such files.</param>
internal sealed record LayerFileSystem(byte[] Uuid, bool IsCaseSensitive, bool IsLocal, bool IsErofs)
{
    /// <summary>Asks about a file system.</summary>
    /// <param name="root">Any directory of it, open for reading.</param>
    public static LayerFileSystem Of(Fd root)
    {
        bool isKnown = Sys.FStatFs(root, out StatFs about) == Errno.None;
        return new LayerFileSystem(
            FileSystemUuid.Of(root),
            isKnown && FileSystemTypes.IsCaseSensitive(about.Type),
            isKnown && FileSystemTypes.IsLocal(about.Type),
            isKnown && about.Type == FileSystemTypes.Erofs);
    }
}
