namespace OverlayFuse.Mount.Tests.Features;

/// <summary>The one list of rows that OverlayFuse has not, or not in full, each with the reason.</summary>
internal static class Gaps
{
    public static IReadOnlyDictionary<string, Gap> All { get; } = new Dictionary<string, Gap>
    {
    };

    public static Answer ExpectedOf(Feature feature) => All.TryGetValue(feature.Name, out Gap? gap) ? gap.Answer : Answer.Yes;
}

/// <summary>What OverlayFuse answers in a row where it is not "yes", and why.</summary>
internal sealed record Gap(Answer Answer, string Reason);
