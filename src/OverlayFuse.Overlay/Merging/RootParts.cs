using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Merging;

/// <summary>The root of the merged view: a part of every layer down to the first that hides all below it.</summary>
internal static class RootParts
{
    /// <summary>Makes the root's node at mount time, and notes the layers that have whiteouts in form of files with an xattr.</summary>
    public static DirectoryNode Make(LayerStack layers, OverlayXattr xattrs)
    {
        int count = 1;
        while (count < layers.Lowers.Count && !IsAufsOpaque(layers.Lowers[count - 1]))
            count++;
        foreach (Layer layer in layers.Lowers)
            LookForXattrWhiteouts(layer, xattrs);
        return new DirectoryNode(Of(layers, [.. Enumerable.Range(0, count).Select(layer => (ushort)layer)]));
    }

    /// <summary>Notes if a layer has whiteouts in form of files with an xattr. Its root then has opaque=x.</summary>
    public static void LookForXattrWhiteouts(Layer layer, OverlayXattr xattrs) => layer.HasXattrWhiteouts =
        Opaque.Read(xattrs, layer.Root.Fd, Name.Empty, out OpaqueMark mark) == Errno.None && mark == OpaqueMark.HasXattrWhiteouts;

    /// <summary>The parts of a root that merges these lower layers.</summary>
    public static LowerParts Of(LayerStack layers, ushort[] numbers)
    {
        var parts = new LowerParts(numbers) { HasXattrWhiteouts = numbers.Any(number => layers.Lowers[number].HasXattrWhiteouts) };
        parts.Descriptors[0] = layers.Upper?.Root;
        for (int index = 0; index < numbers.Length; index++)
            parts.Descriptors[index + 1] = layers.Lowers[numbers[index]].Root;
        return parts;
    }

    /// <summary>True for a layer that hides all below it. The xattr means nothing on a layer's root, as in the kernel.</summary>
    public static bool IsAufsOpaque(Layer layer) => Opaque.IsMarkedByAufs(layer.Root.Fd, out bool opaque) == Errno.None && opaque;
}
