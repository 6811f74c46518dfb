using System.Text.RegularExpressions;

namespace OverlayFuse.BenchPeers;

/// <summary>What a mount is made of. Paths of layers are relative to <see cref="Layers"/>, so that 500 fit into mount(2)'s page.</summary>
internal sealed record MountPlace(string Layers, IReadOnlyList<string> Lowers, string Upper, string Work, string Merged);

/// <summary>One of the file systems that take turns.</summary>
internal sealed partial class UnionProgram
{
    private readonly string _kind;
    private readonly string _path;
    private readonly string _options;

    private UnionProgram(string text, string kind, string path, string options)
    {
        Name = text;
        _kind = kind;
        _path = path;
        _options = options;
    }

    /// <summary>As in PROGRAMS.</summary>
    public string Name { get; }

    public bool IsBare => _kind == "bare";

    public bool IsKernel => _kind == "kernel";

    public bool IsOurs => _kind == "ours";

    /// <summary>A file system in userspace, and not ours.</summary>
    public bool IsPeer => _kind is "fuse-overlayfs" or "unionfs";

    /// <summary>Reads one word of PROGRAMS: KIND[=PATH][?MOUNTOPTIONS].</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static UnionProgram Parse(string text, string ours)
    {
        Match match = Word().Match(text);
        if (!match.Success)
            throw new FormatException($"PROGRAMS: {text}: write KIND[=PATH][?MOUNTOPTIONS], with KIND one of {Settings.Kinds}");
        string kind = match.Groups[1].Value;
        string path = match.Groups[2].Success ? match.Groups[2].Value : kind == "ours" ? ours : kind;
        return new UnionProgram(text, kind, path, match.Groups[3].Success ? "," + match.Groups[3].Value : "");
    }

    /// <summary>The command that mounts, run in <see cref="MountPlace.Layers"/>; it returns when the mount is live.</summary>
    public IEnumerable<string> MountCommand(MountPlace place, Mode mode)
    {
        string layers = $"lowerdir={string.Join(':', place.Lowers)},upperdir={place.Upper},workdir={place.Work}{_options}";
        return _kind switch
        {
            "kernel" => ["mount", "-t", "overlay", "overlay", "-o", mode == Mode.Rootless ? layers + ",userxattr" : layers, place.Merged],
            "fuse-overlayfs" => [_path, "-o", layers, place.Merged],
            "unionfs" =>
                [_path, "-o", "cow" + _options, $"{place.Upper}=RW:{string.Join(':', place.Lowers.Select(lower => lower + "=RO"))}",
                    place.Merged],
            "ours" => [_path, "-o", $"{layers},max_layers=500", place.Merged],
            _ => throw new InvalidOperationException($"{Name} is not mounted"),
        };
    }

    /// <summary>The command that tells the version.</summary>
    public IEnumerable<string> VersionCommand => _kind switch
    {
        "bare" or "kernel" => ["uname", "-r"],
        _ => [_path, "--version"],
    };

    [GeneratedRegex(@"^(bare|kernel|fuse-overlayfs|unionfs|ours)(?:=([^?]+))?(?:\?(.+))?$")]
    private static partial Regex Word();
}
