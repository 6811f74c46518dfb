using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// Finds the data of metacopies in data-only layers, by a path from the root of any of them (overlayfs.rst, "Data-only lower layers").
/// </summary>
internal static class DataLayers
{
    /// <summary>
    /// Opens the data in the first data-only layer that has a regular file there. Other kinds of files are passed over
    /// (ovl_lookup_data_layer).
    /// </summary>
    /// <param name="layers">The data-only layers, topmost first.</param>
    /// <param name="path">With a leading '/' and a NUL behind it.</param>
    /// <param name="flags">The file's open flags.</param>
    /// <param name="fd">The descriptor.</param>
    /// <returns>ENOENT if no layer has it.</returns>
    public static Errno Open(IReadOnlyList<Layer> layers, byte[] path, OpenFlags flags, out Fd fd)
    {
        fd = Fd.None;
        foreach (Layer layer in layers)
        {
            Errno error = IsRegular(layer.Root.Fd, path, out bool isRegular);
            if (error == Errno.None && isRegular)
                return LayerWalk.Open(layer.Root.Fd, path, flags, out fd);
            if (error is not (Errno.None or Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP))
                return error;
        }
        return Errno.ENOENT;
    }

    /// <summary>
    /// Takes each "." out of a path, which a path into a data-only layer may hold. A ".." leads nowhere here; the kernel follows it
    /// within the layer.
    /// </summary>
    public static byte[] WithoutDots(byte[] path)
    {
        ReadOnlySpan<byte> dot = "/./"u8;
        for (int at = path.AsSpan().IndexOf(dot); at >= 0; at = path.AsSpan().IndexOf(dot))
            path = [.. path.AsSpan(0, at), .. path.AsSpan(at + dot.Length - 1)];
        return path;
    }

    private static Errno IsRegular(Fd root, byte[] path, out bool isRegular)
    {
        isRegular = false;
        Errno error;
        if ((error = LayerWalk.Open(root, path, OpenFlags.Path, out Fd opened)) != Errno.None)
            return error;
        using var file = new ScopedFd(opened);
        error = Sys.FStatx(file, out Statx stat, StatxMask.Type);
        isRegular = stat.Type == FileType.Regular;
        return error;
    }
}
