namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>A mount that must be refused, and what the text must name.</summary>
/// <param name="Name">What the test is called.</param>
/// <param name="Arrange">A shell script, run in the sandbox before.</param>
/// <param name="Options">Of -o.</param>
/// <param name="Value">What is wrong; {} is the sandbox.</param>
/// <param name="Remedy">What to do instead.</param>
internal sealed record Refusal(string Name, string Arrange, string Options, string Value, string Remedy)
{
    public int Status { get; init; } = 1;

    public string MountPoint { get; init; } = "m";

    /// <summary>The work directory is written to and cleaned again before the fault can be seen.</summary>
    public bool NeedsProbe { get; init; }

    public override string ToString() => Name;
}
