using System.Xml.Linq;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OverlayFuse.Architecture.Tests;

/// <summary>
/// Linux &lt;- Fuse &lt;- Overlay &lt;- Output &lt;- Cli, and nothing else. Tools stands beside Cli: neither knows the other. Testing
/// stands aside: it starts the program, and knows none of its parts.
/// </summary>
internal sealed class DirectionTests
{
    private const string Aside = "OverlayFuse.Testing";

    private static readonly string[] Libraries =
        ["OverlayFuse.Linux", "OverlayFuse.Fuse", "OverlayFuse.Overlay", "OverlayFuse.Output"];
    private static readonly string[] Programs = ["OverlayFuse.Cli", "OverlayFuse.Tools"];
    private static readonly string[] All = [.. Libraries, .. Programs];

    [Test]
    public void Assemblies_OfSrc_AreLibrariesProgramsAndTheOneAside() =>
        Assert.That(Repository.Files("src", "*.csproj").Select(Path.GetFileNameWithoutExtension), Is.EquivalentTo(All.Append(Aside)));

    [Test]
    public void TestingLibrary_OutsideOfTheProgram_RefersToNoneOfItsParts() =>
        Assert.That(References(Aside, "ProjectReference").Concat(References(Aside, "PackageReference")), Is.Empty);

    [TestCaseSource(nameof(All))]
    public void Project_OfSrc_RefersToTheOneBelowOnly(string project)
    {
        string? below = Programs.Contains(project) ? Libraries[^1] : Libraries.TakeWhile(library => library != project).LastOrDefault();
        Assert.That(References(project, "ProjectReference").Select(Path.GetFileNameWithoutExtension),
            Is.EqualTo(below is null ? [] : new[] { below }));
    }

    [TestCaseSource(nameof(All))]
    public void Sources_OfAnAssembly_UseNothingAboveItNorBesideIt(string project)
    {
        string[] below = Programs.Contains(project) ? Libraries : [.. Libraries.TakeWhile(library => library != project)];
        string[] others = [.. All.Except([project, .. below])];
        IEnumerable<string> wrong =
            from source in Repository.SourcesOf("src/" + project)
            from used in source.Nodes<UsingDirectiveSyntax>()
            where others.Any(name => used.Name?.ToString().StartsWith(name, StringComparison.Ordinal) == true)
            select $"{source.At(used)}: {used}";
        Assert.That(wrong, Is.Empty);
    }

    /// <summary>The libraries are for everybody: System.CommandLine is for the programs and their output alone.</summary>
    [Test]
    public void Libraries_OfSrc_NeedNoPackage() =>
        Assert.That(Libraries[..3].SelectMany(project => References(project, "PackageReference")), Is.Empty);

    [Test]
    public void FuseLibrary_ForAnyFileSystem_KnowsNoOverlay() =>
        Assert.That(Repository.SourcesOf("src/OverlayFuse.Fuse")
            .Where(source => source.Text.Contains("trusted.overlay", StringComparison.Ordinal)).Select(source => source.Path), Is.Empty);

    [Test]
    public void Namespace_InFuse_IsTheFolder()
    {
        IEnumerable<string> elsewhere =
            from source in Repository.SourcesOf("src/OverlayFuse.Fuse")
            let folder = Path.GetDirectoryName(source.Path)!["src/".Length..].Replace('/', '.')
            from declared in source.Nodes<BaseNamespaceDeclarationSyntax>()
            where declared.Name.ToString() != folder
            select $"{source.Path}: {declared.Name}";
        Assert.That(elsewhere, Is.Empty);
    }

    /// <summary>The pool and its workers see the session by IWorkerHost alone.</summary>
    [Test]
    public void Workers_OfFuse_DoNotKnowTheSession() =>
        Assert.That(Repository.SourcesOf("src/OverlayFuse.Fuse/Workers")
            .Where(source => source.Nodes<IdentifierNameSyntax>().Any(name => name.Identifier.Text == "FuseSession"))
            .Select(source => source.Path), Is.Empty);

    private static IEnumerable<string> References(string project, string kind) =>
        XDocument.Parse(Repository.Read($"src/{project}/{project}.csproj")).Descendants(kind)
            .Select(item => item.Attribute("Include")!.Value);
}
