namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>Where a file has data, as text: "0-4096 65536-69632".</summary>
internal static class Extents
{
    /// <summary>True when all the data of <paramref name="inner"/> lies in that of <paramref name="outer"/>.</summary>
    public static bool Covers(string outer, string inner)
    {
        List<(long From, long To)> outers = Parse(outer);
        return Parse(inner).All(extent => outers.Any(range => range.From <= extent.From && extent.To <= range.To));
    }

    private static List<(long From, long To)> Parse(string text) =>
        [.. from extent in text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            let ends = extent.Split('-')
            where ends.Length == 2 && ends[0].Length > 0
            select (Values.Number(ends[0]), Values.Number(ends[1]))];
}
