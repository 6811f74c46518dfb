using System.Collections.Concurrent;
using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace OverlayFuse.Benchmarks;

/// <summary>Bytes that an iteration has dirtied: write_bytes of /proc/self/io, the largest of the iterations of a case.</summary>
internal sealed class WrittenColumn : IColumn
{
    private static readonly ConcurrentDictionary<(string Method, CopyKind Kind, int MiB), long> s_written = new();

    public string Id => nameof(WrittenColumn);

    public string ColumnName => "Written";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => "Bytes written to the page cache by one iteration, the largest of them";

    public static long BytesOfThisProcess() =>
        long.Parse(File.ReadLines("/proc/self/io").Single(line => line.StartsWith("write_bytes:", StringComparison.Ordinal)).Split(' ')[1],
            CultureInfo.InvariantCulture);

    public static void Note((string Method, CopyKind Kind, int MiB) measured, long bytes) =>
        s_written.AddOrUpdate(measured, bytes, (_, known) => Math.Max(known, bytes));

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        object Parameter(string name) => benchmarkCase.Parameters[name];
        return s_written.TryGetValue((benchmarkCase.Descriptor.WorkloadMethod.Name, (CopyKind)Parameter(nameof(CopyUpBenchmarks.Kind)),
            (int)Parameter(nameof(CopyUpBenchmarks.MiB))), out long bytes)
            ? (bytes / 1e6).ToString("F1", CultureInfo.InvariantCulture) + " MB" : "?";
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;
}

/// <summary>Adds the column to a class of benchmarks.</summary>
internal sealed class WithWrittenColumn : ManualConfig
{
    public WithWrittenColumn() => AddColumn(new WrittenColumn());
}
