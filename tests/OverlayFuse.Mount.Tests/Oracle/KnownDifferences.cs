namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>The one list of what may differ from the kernel's overlayfs, each with the reason why no FUSE file system can do better.</summary>
internal static class KnownDifferences
{
    private static readonly IReadOnlyList<Rule> Rules =
    [
    ];

    public static bool Allow(Operation operation, string kernel, string ours) => Rules.Any(rule => rule.Allows(operation, kernel, ours));

    private sealed record Rule(string Reason, Func<Operation, string, string, bool> Allows);
}
