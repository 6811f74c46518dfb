namespace OverlayFuse.Mount.Tests.Oracle.Fuzz;

/// <summary>Draws mount options, each by itself, but for what both implementations refuse together.</summary>
internal sealed class OptionGenerator(Random random)
{
    private static readonly string[] RedirectModes = ["on", "on", "follow", "nofollow", "off"], InodeModes = ["off", "auto", "on", "on"];
    private static readonly string[] SquashOptions = ["squash_to_root", "squash_to_uid=1000", "squash_to_gid=1001",
        "squash_to_uid=5,squash_to_gid=6", "squash_to_root,squash_to_gid=7"];

    /// <summary>Everything is shown as somebody's: then only root's operations have the same rights on both sides.</summary>
    public bool Squashes { get; private set; }

    public bool IsUserXattr { get; private set; }

    public bool IsIndexed { get; private set; }

    public string Make(bool isOnOneFileSystem)
    {
        var words = new List<string>();
        IsUserXattr = OneIn(9);
        if (IsUserXattr) words.Add("userxattr");
        else AddRedirectAndMetacopy(words);
        // With both, the kernel indexes symlinks, cannot mark them, and does not mount its own index any more (ENODATA).
        IsIndexed = !IsUserXattr && OneIn(5);
        if (IsIndexed) words.Add(!words.Contains("metacopy=on") && OneIn(2) ? "index=on,nfs_export=on" : "index=on");
        else if (OneIn(10)) words.Add("index=off");
        if (OneIn(9)) words.Add("volatile");
        if (OneIn(isOnOneFileSystem ? 6 : 2)) words.Add("xino=" + Pick(InodeModes));
        AddOwners(words);
        return string.Join(',', words);
    }

    private void AddRedirectAndMetacopy(List<string> words)
    {
        string redirect = OneIn(2) ? Pick(RedirectModes) : "";
        if (redirect.Length > 0) words.Add("redirect_dir=" + redirect);
        if (redirect is "" or "on" && OneIn(3)) words.Add("metacopy=on");
        else if (OneIn(10)) words.Add("metacopy=off");
    }

    private void AddOwners(List<string> words)
    {
        int kind = random.Next(16);
        Squashes = kind == 0;
        if (Squashes) words.Add(Pick(SquashOptions));
        else if (kind == 1) words.Add(Ownership.Mapping);
    }

    private bool OneIn(int count) => random.Next(count) == 0;

    private string Pick(string[] from) => from[random.Next(from.Length)];
}
