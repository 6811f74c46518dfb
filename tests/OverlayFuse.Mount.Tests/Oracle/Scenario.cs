using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>Layers (the upper's first content may be empty; lowers topmost first) and what is done to their overlay.</summary>
internal sealed record Scenario(Layer Upper, IReadOnlyList<Layer> Lowers, IReadOnlyList<Operation> Operations, string Options = "")
{
    /// <summary>
    /// By default an upper with content is shown to the kernel's overlayfs once before the run, which gives its directories their origins:
    /// it is then an upper of an earlier mount. A foreign upper (unpacked, copied) is taken as it is.
    /// </summary>
    public bool ForeignUpper { get; init; }

    /// <summary>Data-only layers, below the lower ones.</summary>
    public IReadOnlyList<Layer> Data { get; init; } = [];

    /// <summary>The uppers may differ as long as both sides show the same; nor are they handed over.</summary>
    public bool OnlyMerged { get; init; }

    /// <summary>Option io= of our side.</summary>
    public string Io { get; init; } = "open";

    /// <summary>The uppers may differ by copies that nothing was written to, and so the numbers of links of directories.</summary>
    public bool IsLoose => OnlyMerged || Io == "stateless";

    /// <summary>With io=stateless, hard links of lower layers are broken by the first write, not by the open.</summary>
    public bool BreaksLinksLate =>
        Io == "stateless"
            && (Lowers.Any(layer => layer.Entries.Any(entry => entry is HardLinkEntry))
                || Operations.Any(operation => operation is Rotate));

    /// <summary>Whether anything has chattr +i or +a.</summary>
    public bool HasProtection =>
        Operations.Any(operation => operation.Core is SetFlags or ChangeFlags)
            || ToString().Contains("overlay.protattr", StringComparison.Ordinal);

    public bool IsOnOneFileSystem => Lowers.Concat(Data).All(layer => layer.FileSystem == Upper.FileSystem);

    /// <summary>
    /// Whether inode numbers tell the same on both sides. The kernel's overlay has unique and lasting ones on one file system, or with
    /// xino=on (xino=auto is on for few file systems); and where numbers of removed files are used again, it is by chance which.
    /// </summary>
    public bool ComparesInodes =>
        !BreaksLinksLate && Upper.FileSystem is "" or "tmpfs" or "btrfs"
            && (IsOnOneFileSystem || Options.Contains("xino=on", StringComparison.Ordinal));

    /// <summary>As C#, for a bug report or a new test.</summary>
    public override string ToString() => ScenarioText.Expression(this) + "\n";
}
