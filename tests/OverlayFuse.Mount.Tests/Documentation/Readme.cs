using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Documentation;

/// <summary>The indented blocks of README.md: what a reader would copy into his shell.</summary>
internal static class Readme
{
    private const string Indent = "    ";

    /// <summary>The lines of a block below a heading (its text without #), without their indent.</summary>
    /// <param name="heading">As it stands in README.md.</param>
    /// <param name="index">Which of the section's blocks, from 0.</param>
    public static string[] Lines(string heading, int index = 0)
    {
        string[] section = [.. File.ReadLines(Path.Combine(ProgramUnderTest.Repository, "README.md"))
            .SkipWhile(line => line.TrimStart('#').Trim() != heading || line[0] != '#').Skip(1).TakeWhile(line => !line.StartsWith('#'))];
        var blocks = new List<List<string>>();
        for (int i = 0; i < section.Length; i++)
        {
            if (!section[i].StartsWith(Indent, StringComparison.Ordinal)) continue;
            if (i == 0 || !section[i - 1].StartsWith(Indent, StringComparison.Ordinal)) blocks.Add([]);
            blocks[^1].Add(section[i][Indent.Length..]);
        }
        return index < blocks.Count ? [.. blocks[index]]
            : throw new InvalidOperationException($"README.md: \"{heading}\" has {blocks.Count} indented blocks; wanted: {index}");
    }

    public static string Block(string heading, int index = 0) => string.Join('\n', Lines(heading, index)) + "\n";
}
