namespace OverlayFuse.Mount.Tests.Contract;

/// <summary>One mount that the kernel's overlayfs and ours are both asked for.</summary>
/// <param name="Name">What the test is called.</param>
/// <param name="Options">Of -o; {} is the sandbox.</param>
/// <param name="Arrange">A shell script, run in the sandbox before.</param>
internal sealed record MountCell(string Name, string Options, string Arrange = "")
{
    /// <summary>Two lower layers under an upper.</summary>
    public const string Writable = "lowerdir={}/a:{}/b,upperdir={}/u,workdir={}/w";

    /// <summary>Two lower layers and nothing else.</summary>
    public const string LowersOnly = "lowerdir={}/a:{}/b";

    /// <summary>What our refusal must name.</summary>
    public string Names { get; init; } = "";

    /// <summary>Mounted with MS_RDONLY, or ro.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Why the kernel accepts and we refuse.</summary>
    public string? Stricter { get; init; }

    /// <summary>Why the kernel refuses and we accept.</summary>
    public string? Looser { get; init; }

    public override string ToString() => Name;
}
