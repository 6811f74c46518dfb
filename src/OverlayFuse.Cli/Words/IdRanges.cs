using System.Globalization;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Words;

/// <summary>Reads CONTAINER:HOST:COUNT[:CONTAINER:HOST:COUNT...]. containers/storage writes one more colon in front.</summary>
internal static class IdRanges
{
    private const string Form = "CONTAINER:HOST:COUNT[:CONTAINER:HOST:COUNT...]";

    /// <exception cref="UsageException">The value does not have that form, or two ranges overlap.</exception>
    public static IReadOnlyList<IdRange> Parse(string option, string value)
    {
        string[] parts = value.Split(':', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0 || parts.Length % 3 != 0)
            throw new UsageException($"option {option}={value}: {parts.Length} numbers; write {option}={Form}");
        IEnumerable<uint[]> threes = parts.Select(part => Number(option, value, part)).Chunk(3);
        IdRange[] ranges = [.. threes.Select(three => new IdRange(three[0], three[1], three[2]))];
        foreach (IdRange range in ranges)
            RequireSize(option, value, range);
        RequireApart(option, value, ranges);
        return ranges.All(range => range.Container == range.Host) && Covers(ranges) ? [] : ranges;
    }

    private static uint Number(string option, string value, string part) =>
        uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            ? number
            : throw new UsageException(
                $"option {option}={value}: '{part}' is not a number from 0 to {uint.MaxValue}; write {option}={Form}");

    private static void RequireSize(string option, string value, IdRange range)
    {
        if (range.Count == 0)
            throw new UsageException($"option {option}={value}: a range of no ids; leave {range.Container}:{range.Host}:0 out");
        if ((ulong)Math.Max(range.Container, range.Host) + range.Count > uint.MaxValue)
            throw new UsageException(
                $"option {option}={value}: {range.Container}:{range.Host}:{range.Count} reaches beyond the last id, {uint.MaxValue - 1}; "
                + "make it shorter");
    }

    private static void RequireApart(string option, string value, IdRange[] ranges)
    {
        for (int i = 0; i < ranges.Length; i++)
        {
            foreach (IdRange other in ranges.AsSpan(i + 1))
            {
                if (Overlap(ranges[i].Container, ranges[i].Count, other.Container, other.Count)
                    || Overlap(ranges[i].Host, ranges[i].Count, other.Host, other.Count))
                    throw new UsageException(
                        $"option {option}={value}: two ranges overlap, an id would have two owners; give each id once on either side");
            }
        }
    }

    private static bool Overlap(uint one, uint oneCount, uint other, uint otherCount) =>
        (ulong)one < (ulong)other + otherCount && (ulong)other < (ulong)one + oneCount;

    /// <summary>True if every id is mapped, each to itself: that is no map.</summary>
    private static bool Covers(IdRange[] ranges) => ranges.Sum(range => (long)range.Count) == uint.MaxValue;
}
