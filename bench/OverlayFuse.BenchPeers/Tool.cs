namespace OverlayFuse.BenchPeers;

/// <summary>A program that a row starts, and the Debian package that has it.</summary>
internal sealed record Tool(string Program, string Package)
{
    private bool IsThere => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(directory => File.Exists(Path.Combine(directory, Program)));

    /// <summary>Says which tools are missing, before anything is measured.</summary>
    public static bool AreThere(IEnumerable<Row> rows)
    {
        (Row Row, Tool Tool)[] missing =
            [.. rows.SelectMany(row => row.Layers.Needs.Where(tool => !tool.IsThere).Select(tool => (row, tool)))];
        foreach ((Row row, Tool tool) in missing)
            Console.Error.WriteLine($"{row.Name}: the program {tool.Program} is missing: install the package {tool.Package}, "
                + "or name the other rows in ONLY");
        return missing.Length == 0;
    }
}
