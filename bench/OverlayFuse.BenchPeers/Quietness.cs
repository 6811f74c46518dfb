using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>Seconds of one empty FUSE round trip, of several runs.</summary>
internal sealed record RoundTrip(double Median, double Least, double Most)
{
    public static RoundTrip Of(IEnumerable<double> seconds)
    {
        double[] sorted = [.. seconds.Order()];
        return new RoundTrip(sorted[sorted.Length / 2], sorted[0], sorted[^1]);
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Median * 1e6:F1} µs ({Least * 1e6:F1} to {Most * 1e6:F1})");
}

/// <summary>How quiet the machine was: shares of all processors' time that others used while this program only waited. Mount.Tests has this
/// file, too.</summary>
/// <param name="Before">Before the first row.</param>
/// <param name="Between">Median of the pauses between the rows.</param>
/// <param name="After">After the last row.</param>
/// <param name="RoundTripBefore">Before the first row.</param>
/// <param name="RoundTripAfter">After the last row.</param>
internal sealed record Quietness(double Before, double Between, double After, RoundTrip RoundTripBefore, RoundTrip RoundTripAfter)
{
    /// <summary>On two processors one tenth of one of them.</summary>
    public const double Limit = 0.05;

    /// <summary>The process that used most of the processors when they were used most.</summary>
    public required string Busiest { get; init; }

    public bool IsQuiet => Math.Max(Math.Max(Before, Between), After) <= Limit;

    public override string ToString() => $"processors used by others: {Shares}; "
        + $"empty FUSE round trip {RoundTripBefore} before, {RoundTripAfter} after";

    /// <summary>Why results are not written, and what to do.</summary>
    public string Refusal(string results, string instead) =>
        $"NOT WRITTEN to {results}: the machine was busy.\n"
            + $"Processors used by others: {Shares}; up to {Share(Limit)} is quiet. Most of all: {Busiest}.\n"
            + $"Stop what else runs and start again. The reports of this run are in {instead}.";

    private string Shares => $"{Share(Before)} before, {Share(Between)} between rows, {Share(After)} after";

    private static string Share(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:F0} %");
}
