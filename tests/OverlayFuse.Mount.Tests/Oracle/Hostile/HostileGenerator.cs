using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Hostile;

/// <summary>
/// Draws stacks of layers over very few names, so that marks of every kind, right, forged and broken, meet files and directories in every
/// layer. AUFS marks are left out: the kernel does not know them.
/// </summary>
internal sealed class HostileGenerator(Random random)
{
    public static readonly string[] Names = ["a", "b", "c"];

    private static readonly string[] Options =
    [
        "", "", "redirect_dir=on", "redirect_dir=on", "redirect_dir=follow", "redirect_dir=nofollow", "redirect_dir=off", "metacopy=on",
        "metacopy=on", "metacopy=on,redirect_dir=on", "userxattr", "userxattr",
        "index=on", "xino=on",
    ];

    private static readonly string[] Opaques = ["y", "y", "x", "x", "", "n", "yy", "Y", "0x7900", "0x00", "a-long-value-of-an-opaque-mark"];

    private static readonly string[] Redirects =
    [
        "a", "b", "c", "/a", "/b", "/c", "/a/b", "/b/a", "/c/c/a", "/", "", "//a", "/a/", "/a//b", "a/b", ".", "..", "/..", "/../a", "/./a",
        "/a/..", "/a/.", "/nowhere", "nowhere", "0x0061", "0x6100", "0x6100620a", "0x2F61002F62",
        new string('n', 255), new string('n', 256), "/" + new string('n', 256), "/a/" + new string('n', 255),
        "/" + string.Join('/', Enumerable.Repeat("a", 300)), "/" + string.Join('/', Enumerable.Repeat("b", 2100)),
    ];

    private static readonly string[] Metacopies =
    [
        "", "", "", "0x00", "0x0004", "0x000400", "0x00040000", "0x00040000", "0x01040000", "0x00050000", "0x0004FF00",
        "0x00080001AABBCCDD", "0x00240001" + "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF",
        "garbage of more bytes than any digest has: "
            + "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
    ];

    private static readonly string[] Origins =
    [
        "", "x", "garbage", "0x00FB15000100112233445566778899AABBCCDDEEFF", "0x00FB1D0001000000000000000000000000000000000102030405060708",
        "0x01FB1D0001000000000000000000000000000000000102030405060708",
        "0x00FB1D0101000000000000000000000000000000000102030405060708", "0x00FA1D0001000000000000000000000000000000000102030405060708",
        "0x00FBFF0001000000000000000000000000000000000102030405060708",
    ];

    private static readonly string[] Links = ["U+1", "U-1", "L+0", "L-5", "X", "", "U+99999999999999999999", "U+2147483647", "L+-1", "u+1"];
    private static readonly string[] Protections = ["a", "i", "ai", "ia", "x", "", "a ", "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii"];
    private static readonly string[] Impures = ["y", "y", "x", "", "yes"];
    private static readonly int[] Modes = [755, 700, 0, 555, 1777, 2775];
    private readonly HashSet<string> directories = [], files = [], others = [];
    private string prefix = "", otherPrefix = "";

    public HostileStack Make(int seed)
    {
        string options = Pick(Options);
        bool isUser = options.Contains("userxattr", StringComparison.Ordinal);
        (prefix, otherPrefix) = isUser ? ("user.overlay.", "trusted.overlay.") : ("trusted.overlay.", "user.overlay.");
        int lowers = random.Next(1, 5);
        Layer? upper = lowers > 1 && random.Next(5) == 0 ? null : MakeLayer(random.Next(10));
        Layer[] layers = [.. Enumerable.Range(0, lowers).Select(_ => MakeLayer(random.Next(2, 14)))];
        Layer[] data = [.. Enumerable.Range(0, random.Next(3) == 0 ? random.Next(1, 3) : 0).Select(_ => MakeLayer(random.Next(2, 8)))];
        HostileChange[] changes = [.. Enumerable.Range(0, upper is null ? 2 : random.Next(3, 12)).Select(_ => HostileChange.Draw(random))];
        return new HostileStack(seed, upper, layers, data, options, changes);
    }

    private Layer MakeLayer(int count)
    {
        directories.Clear();
        files.Clear();
        others.Clear();
        var layer = new Layer();
        for (int i = 0; i < count; i++) Plant(layer);
        string[] all = [.. directories.Concat(files).Concat(others)];
        for (int i = random.Next(count + 1); i > 0 && all.Length > 0; i--) Mark(layer, Pick(all));
        if (random.Next(12) == 0) MarkDirectory(layer, "");
        return layer;
    }

    private void Plant(Layer layer)
    {
        string path = Path();
        for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            string parent = path[..slash];
            if (files.Contains(parent) || others.Contains(parent)) return;
            if (directories.Add(parent)) layer.Dir(parent);
        }
        if (directories.Contains(path) || files.Contains(path) || others.Contains(path)) return;
        int kind = random.Next(100);
        if (kind < 35) PlantDirectory(layer, path);
        else if (kind < 70) PlantFile(layer, path);
        else
        {
            others.Add(path);
            if (kind < 82) layer.Whiteout(path);
            // none leads out of the mount: changes go through them
            else if (kind < 91) layer.Symlink(path, Pick(["a", "c", "b/c", "nowhere"]));
            else if (kind < 96) layer.Fifo(path);
            else layer.DeviceNode(path, Pick(["c", "b"])[0], (uint)random.Next(2), (uint)random.Next(2), 666);
        }
    }

    private void PlantDirectory(Layer layer, string path)
    {
        directories.Add(path);
        layer.Dir(path, random.Next(3) == 0 ? Modes[random.Next(Modes.Length)] : 755, (uint)random.Next(2) * 1000);
        if (random.Next(2) == 0) MarkDirectory(layer, path);
    }

    private void PlantFile(Layer layer, string path)
    {
        if (files.Count > 0 && random.Next(6) == 0) layer.HardLink(path, Pick([.. files]));
        else layer.File(path, random.Next(3) == 0 ? "" : $"{path} of {random.Next(1000)}", random.Next(4) == 0 ? 4755 : 644,
            (uint)random.Next(2) * 1000);
        files.Add(path);
        if (random.Next(2) == 0) MarkFile(layer, path);
    }

    private void MarkDirectory(Layer layer, string path)
    {
        switch (random.Next(10))
        {
            case < 4: Set(layer, path, "opaque", Pick(Opaques)); break;
            case < 8: Set(layer, path, "redirect", Pick(Redirects)); break;
            default: Mark(layer, path); break;
        }
    }

    private void MarkFile(Layer layer, string path)
    {
        switch (random.Next(10))
        {
            case < 2: Set(layer, path, "whiteout", Pick(["", "y"])); break;
            case < 6: Set(layer, path, "metacopy", Pick(Metacopies)); break;
            case < 8:
                Set(layer, path, "metacopy", "");
                Set(layer, path, "redirect", Pick(Redirects));
                break;
            default: Mark(layer, path); break;
        }
    }

    /// <summary>Any mark on anything.</summary>
    private void Mark(Layer layer, string path)
    {
        (string name, string[] values) = Pick<(string, string[])>(
        [
            ("opaque", Opaques), ("redirect", Redirects), ("metacopy", Metacopies), ("origin", Origins), ("nlink", Links),
                ("whiteout", ["", "y"]), ("protattr", Protections),
            ("impure", Impures), ("uuid", ["", "garbage", "0x00112233445566778899AABBCCDDEEFF"]), ("upper", Origins),
                ("overlay.opaque", Opaques), ("overlay.overlay.redirect", Redirects), ("unknown", ["", "y"]),
        ]);
        Set(layer, path, name, Pick(values));
    }

    private void Set(Layer layer, string path, string name, string value)
    {
        string start = random.Next(12) == 0 ? otherPrefix : prefix;
        // user.* is for files and directories
        bool isRoom = !others.Contains(path) || start.StartsWith("trusted", StringComparison.Ordinal);
        if (isRoom) layer.Xattr(path, start + name, value);
    }

    private string Path() => string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Pick(Names)));

    private T Pick<T>(T[] from) => from[random.Next(from.Length)];
}
