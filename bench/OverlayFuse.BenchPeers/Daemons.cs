using System.Diagnostics;
using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>The daemons that our mounts started, by their process id.</summary>
internal static class Daemons
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The process whose last argument is the mountpoint: nobody else's, for the name is ours alone.</summary>
    public static int? Find(string merged)
    {
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out int id) && Arguments(id) is [.., var last]
                && last == merged)
                return id;
        }
        return null;
    }

    public static double? ResidentBytes(int id)
    {
        string? line = Lines($"/proc/{id}/status").FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return line is null ? null
            : double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Of all its threads; one that ends takes its time with it.</summary>
    public static double ProcessorSeconds(int id) =>
        Directory.EnumerateDirectories($"/proc/{id}/task").SelectMany(thread => Lines($"{thread}/schedstat"))
            .Sum(line => double.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture)) / 1e9;

    /// <summary>Waits, then kills.</summary>
    public static void AwaitEnd(int? id)
    {
        if (id is null)
            return;
        Stopwatch waited = Stopwatch.StartNew();
        while (IsAlive(id.Value))
        {
            if (waited.Elapsed > Patience)
                Kill(id);
            Thread.Sleep(2);
        }
    }

    public static void Kill(int? id)
    {
        if (id is { } alive && IsAlive(alive))
        {
            using Process process = Process.GetProcessById(alive);
            process.Kill();
        }
    }

    private static bool IsAlive(int id) => Arguments(id).Length > 0;

    private static string[] Arguments(int id) =>
        string.Concat(Lines($"/proc/{id}/cmdline")).Split('\0', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Of a file of a process; none if it has ended.</summary>
    public static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
