using System.Globalization;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Reports;

namespace OverlayFuse.Benchmarks;

/// <summary>Benchmarks of this category must not allocate: the run fails when one does.</summary>
internal static class AllocationGate
{
    public const string Category = "allocates nothing";

    /// <returns>The program's exit status: 0, or 1 when something failed or allocated.</returns>
    public static int Check(IReadOnlyCollection<Summary> summaries)
    {
        string[] failures =
        [
            .. summaries.SelectMany(summary => summary.Reports).Where(report => !report.Success)
                .Select(report => $"{Name(report)}: did not run"),
            .. summaries.SelectMany(summary => summary.Reports).Where(IsGated)
                .Select(report => (Name: Name(report), Bytes: Allocated(report)))
                .Where(gate => gate.Bytes != 0)
                .Select(gate =>
                    $"{gate.Name}: allocates {gate.Bytes?.ToString(CultureInfo.InvariantCulture) ?? "an unknown number of"} bytes"),
        ];
        foreach (string failure in failures)
            Console.Error.WriteLine(failure);
        return failures.Length > 0 || summaries.Count == 0 || summaries.Any(summary => summary.HasCriticalValidationErrors) ? 1 : 0;
    }

    /// <summary>A dry run is one call, which loads and compiles.</summary>
    private static bool IsGated(BenchmarkReport report) =>
        report.Success && report.BenchmarkCase.Job.Run.RunStrategy != RunStrategy.ColdStart
            && report.BenchmarkCase.Descriptor.HasCategory(Category);

    private static long? Allocated(BenchmarkReport report) => report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase);

    private static string Name(BenchmarkReport report) =>
        $"{report.BenchmarkCase.Descriptor.Type.Name}.{report.BenchmarkCase.Descriptor.WorkloadMethod.Name}";
}
