using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>The data of metacopies in data-only layers, found by a path from the root of any of them (overlayfs.rst, "Data-only lower layers").</summary>
internal static class DataLayers
{
    /// <summary>The first data-only layer that has a regular file there counts; whatever else has the path is passed over (ovl_lookup_data_layer).</summary>
    /// <param name="layers">The data-only layers, topmost first.</param>
    /// <param name="path">With a leading '/' and a NUL behind it.</param>
    /// <param name="flags">How the file is opened.</param>
    /// <param name="fd">The descriptor.</param>
    /// <returns>ENOENT when none has it.</returns>
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

    /// <summary>In data-only layers a path may have a "." in it; ".." leads nowhere here, and within the layer in the kernel.</summary>
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
        if (LayerWalk.Open(root, path, OpenFlags.Path, out Fd opened) is not Errno.None and var error)
            return error;
        using var file = new ScopedFd(opened);
        error = Sys.FStatx(file, out Statx stat, StatxMask.Type);
        isRegular = stat.Type == FileType.Regular;
        return error;
    }
}
