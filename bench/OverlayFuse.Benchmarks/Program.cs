using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using OverlayFuse.Benchmarks;
using Perfolizer.Horology;

// In this process: the projects' settings (warnings as errors, pinned packages) do not fit the ones that BenchmarkDotNet generates.
InProcessEmitToolchain toolchain = new(TimeSpan.FromMinutes(15), logOutput: true);
Job job = args.Any(word => word is "-j" or "--job") ? new Job("InProcess").WithToolchain(toolchain).AsMutator()
    : Job.ShortRun.WithIterationTime(TimeInterval.FromMilliseconds(100)).WithToolchain(toolchain);
IConfig config = ManualConfig.CreateEmpty()
    .AddJob(job)
    .AddLogger(ConsoleLogger.Default)
    .AddColumnProvider(DefaultColumnProviders.Instance)
    .AddDiagnoser(new MemoryDiagnoser(new MemoryDiagnoserConfig(displayGenColumns: false)))
    .AddExporter(MarkdownExporter.GitHub, JsonExporter.Brief)
    .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(24))
    .WithArtifactsPath(Path.Combine(Scratch.Repository, "artifacts", "bench"));

string[] arguments = args.Any(word => word is "-f" or "--filter" or "--list" or "--help") ? args : [.. args, "--filter", "*"];
try
{
    Summary[] summaries = [.. BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(arguments, config)];
    return AllocationGate.Check(summaries);
}
finally
{
    LoopDisk.Shared.Dispose();
    Scratch.DisposeLeft();
}
