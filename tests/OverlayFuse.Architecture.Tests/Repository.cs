using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace OverlayFuse.Architecture.Tests;

/// <summary>The files of this repository, C# parsed once.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Every C# file that people write.</summary>
    public static IReadOnlyList<SourceFile> Sources { get; } =
        [.. new[] { "src", "tests", "samples", "bench" }.SelectMany(folder => Files(folder, "*.cs")).Select(path => new SourceFile(path))];

    public static IEnumerable<SourceFile> SourcesOf(string folder) =>
        Sources.Where(source => source.Path.StartsWith(folder + "/", StringComparison.Ordinal));

    /// <summary>Paths relative to the root.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) =>
        from path in Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
        let relative = Path.GetRelativePath(Root, path)
        where !relative.Split('/').Any(part => part is "bin" or "obj")
        orderby relative
        select relative;

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string FindRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "OverlayFuse.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new DirectoryNotFoundException($"no OverlayFuse.sln above {AppContext.BaseDirectory}");
    }
}

/// <summary>One C# file.</summary>
internal sealed class SourceFile
{
    public SourceFile(string path)
    {
        Path = path;
        Text = Repository.Read(path);
        Tree = CSharpSyntaxTree.ParseText(Text, new CSharpParseOptions(LanguageVersion.Latest), path);
    }

    public string Path { get; }

    public string Text { get; }

    public SyntaxTree Tree { get; }

    public IEnumerable<T> Nodes<T>() where T : SyntaxNode => Tree.GetRoot().DescendantNodes().OfType<T>();

    public string At(SyntaxNode node) => $"{Path}:{Tree.GetLineSpan(node.Span).StartLinePosition.Line + 1}";

    public int Lines(SyntaxNode node)
    {
        FileLinePositionSpan span = Tree.GetLineSpan(node.Span);
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }
}
