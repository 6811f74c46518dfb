using System.Text.RegularExpressions;

namespace OverlayFuse.Tools.BugReport;

/// <summary>
/// Takes personal data out of a text: known paths and names get placeholders that stay the same, and any other absolute path is hidden
/// unless it belongs to the system. The whole report goes through here, so no section can forget it.
/// </summary>
internal sealed partial class Redaction
{
    /// <summary>A shorter part of a path is a common word too often.</summary>
    private const int ShortestPart = 3;

    private const string Hidden = "PATH";

    /// <summary>Parts of paths that tell nothing about a person.</summary>
    private static readonly HashSet<string> s_common = new(StringComparer.Ordinal)
    {
        "usr", "var", "tmp", "home", "opt", "srv", "mnt", "run", "etc", "lib", "data", "root", "proc", "dev", "sys", "media", "overlayfuse",
        "upper", "lower", "work", "merged", "layer", "layers", "base", "user", "users", "live", "dead", "mount", "kernel", "none", "yes",
        "overlay", "fuse", "mounts", "containers", "storage", "diff", "build", "src", "test", "tests", "linux", "debian", "ext4", "tmpfs",
    };

    private readonly List<(string Text, string Placeholder)> _paths = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<(string Text, string Placeholder)> _words = [];

    /// <summary>Gives a path its placeholder, and hides each part of it that stands elsewhere.</summary>
    public void AddPath(string path, string placeholder)
    {
        if (path.TrimEnd('/') is not { Length: > 0 } plain || _paths.Exists(known => known.Text == plain))
            return;
        _paths.Add((plain, placeholder));
        _names.UnionWith(plain.Split('/').Where(part => part.Length >= ShortestPart && !s_common.Contains(part)));
    }

    /// <summary>Gives the name of a user or of the machine its placeholder.</summary>
    public void AddWord(string word, string placeholder)
    {
        if (word.Length >= 2)
            _words.Add((word, placeholder));
    }

    /// <summary>The text without personal data.</summary>
    public string Apply(string text)
    {
        foreach ((string path, string placeholder) in _paths.OrderByDescending(known => known.Text.Length))
            text = Regex.Replace(text, $@"{Regex.Escape(path)}(/[^\s""',;:()]*)?(?![\w.-])", placeholder);
        text = AbsolutePath().Replace(text, match => IsOfTheSystem(match.Value) ? match.Value : Hidden);
        foreach (string name in _names.OrderByDescending(name => name.Length))
            text = Regex.Replace(text, $@"(?<![\w-]){Regex.Escape(name)}(?![\w-])", "NAME");
        foreach ((string word, string placeholder) in _words)
            text = Regex.Replace(text, $@"(?<!\w){Regex.Escape(word)}(?!\w)", placeholder);
        return text;
    }

    private static bool IsOfTheSystem(string path) => SystemPath().IsMatch(path);

    [GeneratedRegex(@"(?<![\w.>\]])/[^\s""',;:()]+")]
    private static partial Regex AbsolutePath();

    [GeneratedRegex(@"^(/dev/(fuse|null)|/proc/(sys|self)(/[\w.-]+)*|/sys(/[\w.-]+)*|/etc/(fuse\.conf|subuid|subgid|os-release)|"
        + @"(/usr)?/s?bin/[\w.-]+|/tmp|/var/tmp|/usr|/var)$")]
    private static partial Regex SystemPath();
}
