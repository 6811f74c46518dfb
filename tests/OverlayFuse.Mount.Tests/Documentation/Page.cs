using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Documentation;

/// <summary>The indented blocks of a page: what a reader copies into a shell.</summary>
/// <param name="path">The page's path in the repository.</param>
internal sealed class Page(string path)
{
    private const string Indent = "    ";

    public static Page Usage { get; } = new("docs/usage.md");

    public static Page Ci { get; } = new("docs/ci.md");

    public static Page Containers { get; } = new("docs/containers.md");

    /// <summary>The lines of a block below a heading, without their indent.</summary>
    /// <param name="heading">As it stands on the page, without #.</param>
    /// <param name="index">The number of the block in its section, from 0.</param>
    public string[] Lines(string heading, int index = 0)
    {
        string[] section = [.. File.ReadLines(Path.Combine(ProgramUnderTest.Repository, path))
            .SkipWhile(line => line.TrimStart('#').Trim() != heading || line[0] != '#').Skip(1).TakeWhile(line => !line.StartsWith('#'))];
        var blocks = new List<List<string>>();
        for (int i = 0; i < section.Length; i++)
        {
            if (!section[i].StartsWith(Indent, StringComparison.Ordinal)) continue;
            if (i == 0 || !section[i - 1].StartsWith(Indent, StringComparison.Ordinal)) blocks.Add([]);
            blocks[^1].Add(section[i][Indent.Length..]);
        }
        return index < blocks.Count ? [.. blocks[index]]
            : throw new InvalidOperationException($"{path}: \"{heading}\" has {blocks.Count} indented blocks; wanted: {index}");
    }

    public string Block(string heading, int index = 0) => string.Join('\n', Lines(heading, index)) + "\n";
}
