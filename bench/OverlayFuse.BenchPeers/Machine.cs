using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>Where and with what was measured.</summary>
internal sealed record Machine(string Kernel, string Processor, int Processors, double MemoryBytes, string Disk, Quietness Quietness,
    IReadOnlyDictionary<string, string> Versions)
{
    public static Machine Describe(Workspace workspace, IReadOnlyList<UnionProgram> programs, Quietness quietness) => new(
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        ModelName(),
        Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        workspace.Run("/", "findmnt", "-n", "-o", "FSTYPE", "-T", workspace.Root).Output.Trim(),
        quietness,
        programs.ToDictionary(program => program.Name, program => Version(workspace, program)));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"Linux {Kernel}, {Processor}, {Processors} CPUs, {MemoryBytes / 1e9:F0} GB, disk {Disk}\n{Quietness}");

    private static string ModelName() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(": ")[^1]
            ?? "unknown";

    private static string Version(Workspace workspace, UnionProgram program)
    {
        Finished finished = workspace.Run("/", [.. program.VersionCommand]);
        string[] lines = (finished.Output + finished.Error).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.FirstOrDefault(line => line.Contains("version", StringComparison.OrdinalIgnoreCase)
            && !line.Contains("fusermount", StringComparison.Ordinal)) ?? lines.FirstOrDefault() ?? "unknown";
    }
}
