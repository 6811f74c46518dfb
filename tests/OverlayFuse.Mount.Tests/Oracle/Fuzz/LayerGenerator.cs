using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Fuzz;

/// <summary>
/// Makes random layers over few names, so that layers collide in every way: types over types, whiteouts, opaque directories, hard links.
/// Holes are at the start of files: others the kernel fills on copy-up, within its chunks of 1 MiB.
/// </summary>
internal sealed class LayerGenerator(Random random, bool isUserXattr)
{
    private const int FewestEntries = 2, MostEntries = 14, MostEntriesOfMany = 5;
    private static readonly int[] DirectoryModes = [755, 777, 700, 1777, 2775, 555], FileModes = [644, 600, 666, 755, 4755, 2755, 444];
    private bool isUpper;
    private readonly HashSet<string> directories = [""], files = [];

    public Layer Upper()
    {
        isUpper = true;
        return Make(random.Next(MostEntries));
    }

    public Layer Lower(bool isOneOfMany)
    {
        isUpper = false;
        return Make(random.Next(FewestEntries, isOneOfMany ? MostEntriesOfMany : MostEntries));
    }

    private Layer Make(int count)
    {
        directories.Clear();
        directories.Add("");
        files.Clear();
        var layer = new Layer();
        for (int i = 0; i < count; i++) Plant(layer, Names.Path(random));
        return layer;
    }

    private void Plant(Layer layer, string path)
    {
        if (directories.Contains(path) || files.Contains(path)) Decorate(layer, path);
        else if (MakeParents(layer, path)) PlantNew(layer, path);
    }

    private void PlantNew(Layer layer, string path)
    {
        int kind = random.Next(100);
        if (kind < 35)
        {
            layer.Dir(path, Pick(DirectoryModes), Names.Owner(random));
            directories.Add(path);
            if (random.Next(4) == 0) layer.Xattr(path, isUserXattr ? "user.overlay.opaque" : "trusted.overlay.opaque", "y");
            return;
        }
        if (kind < 60) layer.File(path, Names.Content(random), Pick(FileModes), Names.Owner(random));
        else if (kind < 72 && !isUpper) layer.Whiteout(path); // in an upper only where something is hidden: the operations do that
        else if (kind < 79) layer.Symlink(path, Names.Path(random));
        else if (kind < 86) layer.HoleThenData(path, random.Next(1, 5) * 10_000, random.Next(2) * 8192);
        else if (kind < 95 && files.Count > 0) layer.HardLink(path, files.ElementAt(random.Next(files.Count)));
        else if (kind < 97) layer.Fifo(path);
        else layer.DeviceNode(path, 'c', 1, 3, 666);
        files.Add(path);
    }

    private void Decorate(Layer layer, string path)
    {
        if (directories.Contains(path) && random.Next(2) == 0) layer.DefaultAcl(path, Names.Acl(random));
        else if (layer.Entries.Any(entry => entry.Path == path && entry is FileEntry or DirEntry or SparseEntry) && !IsSymlink(layer, path))
            layer.Xattr(path, "user." + Names.Letter(random), Names.Content(random));
    }

    private static bool IsSymlink(Layer layer, string path) =>
        layer.Entries.Any(entry => entry.Path == path && entry is not (FileEntry or DirEntry or SparseEntry or XattrEntry));

    private bool MakeParents(Layer layer, string path)
    {
        for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            string parent = path[..slash];
            if (files.Contains(parent)) return false;
            if (directories.Add(parent)) layer.Dir(parent, 755);
        }
        return true;
    }

    private int Pick(int[] from) => from[random.Next(from.Length)];
}
