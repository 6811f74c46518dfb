using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Fuzz;

/// <summary>Draws the file systems of a scenario: mostly one for all layers, mostly that in memory; else one for each layer.</summary>
internal sealed class FileSystemGenerator
{
    private const string Usual = "";
    private static readonly string[] Disks = ["ext4", "xfs", "btrfs"],
        Mixed = [Usual, Usual, "ext4", "xfs", "btrfs", "ext4", "xfs", "btrfs"];
    private readonly Random random;
    private readonly bool isMixed;

    public FileSystemGenerator(Random random)
    {
        this.random = random;
        int kind = random.Next(100);
        isMixed = kind >= 80;
        Upper = kind < 65 ? Usual : isMixed ? Pick(Mixed) : Pick(Disks);
    }

    public string Upper { get; }

    /// <summary>The next lower layer's.</summary>
    public string Lower() => !isMixed ? Upper : random.Next(12) == 0 ? Media.ReadOnly : Pick(Mixed);

    private string Pick(string[] from) => from[random.Next(from.Length)];
}
