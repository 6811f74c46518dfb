using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OverlayFuse.Architecture.Tests;

/// <summary>
/// What people must read stays small: files under 400 lines of at most 140 columns, functions under 50 lines with at most 5 parameters, at
/// most 20 files in a folder, partial classes of at most 12 parts and 1,800 lines.
/// </summary>
internal sealed class SizeTests
{
    private const int FileLimit = 400;
    private const int FunctionLimit = 50;
    private const int ParameterLimit = 5;
    private const int ColumnLimit = 140;
    private const int FolderLimit = 20;
    private const int PartLimit = 12;
    private const int TypeLimit = 1800;

    [Test]
    public void Sources_AllOfThem_AreSeen() =>
        Assert.That(Repository.Sources.Select(source => source.Path),
            Has.Member("src/OverlayFuse.Fuse/FuseSession.cs").And.Some.StartsWith("tests/"));

    [Test]
    public void File_OfAnyKind_IsShort() =>
        Assert.That(Texts.Select(path => (Path: path, Lines: Repository.Read(path).Count(c => c == '\n')))
            .Where(file => file.Lines >= FileLimit), Is.Empty);

    [Test]
    public void Line_OfAnyKind_IsNarrow()
    {
        IEnumerable<string> tooWide =
            from path in Texts
            from line in Repository.Read(path).Split('\n').Index()
            where line.Item.Length > ColumnLimit
            select $"{path}:{line.Index + 1}: {line.Item.Length} columns";
        Assert.That(tooWide, Is.Empty);
    }

    [Test]
    public void Folder_OfSrcOrTests_HasFewFiles()
    {
        IEnumerable<string> tooMany =
            from source in Repository.SourcesOf("src").Concat(Repository.SourcesOf("tests"))
            group source by Path.GetDirectoryName(source.Path) into folder
            where folder.Count() > FolderLimit
            select $"{folder.Key}: {folder.Count()} files";
        Assert.That(tooMany, Is.Empty);
    }

    [Test]
    public void PartialType_InSrc_HasFewPartsAndLines()
    {
        IEnumerable<string> tooLarge =
            from source in Repository.SourcesOf("src")
            from type in source.Nodes<TypeDeclarationSyntax>()
            where type.Modifiers.Any(SyntaxKind.PartialKeyword)
            group source.Lines(type) by $"{Namespace(type)}.{type.Identifier.Text}" into parts
            where parts.Count() > PartLimit || parts.Sum() > TypeLimit
            select $"{parts.Key}: {parts.Count()} parts, {parts.Sum()} lines";
        Assert.That(tooLarge, Is.Empty);
    }

    [Test]
    public void Function_InSrcAndTests_IsShort()
    {
        IEnumerable<string> tooLong =
            from source in Repository.Sources
            from function in Functions(source)
            let lines = source.Lines(function)
            where lines >= FunctionLimit
            select $"{source.At(function)}: {lines} lines";
        Assert.That(tooLong, Is.Empty);
    }

    /// <summary>A P/Invoke declaration has the parameters that C gave it.</summary>
    [Test]
    public void Function_InSrc_HasFewParameters()
    {
        IEnumerable<string> tooMany =
            from source in Repository.SourcesOf("src")
            where !source.Path.Contains("/Interop/", StringComparison.Ordinal)
            from method in source.Nodes<BaseMethodDeclarationSyntax>()
            where method.ParameterList.Parameters.Count > ParameterLimit && !IsWrapperOfOneCall(source, method)
            select $"{source.At(method)}: {method.ParameterList.Parameters.Count} parameters";
        Assert.That(tooMany, Is.Empty);
    }

    /// <summary>OverlayFuse.Linux gives system calls as they are.</summary>
    private static bool IsWrapperOfOneCall(SourceFile source, BaseMethodDeclarationSyntax method) =>
        source.Path.StartsWith("src/OverlayFuse.Linux/Sys/", StringComparison.Ordinal)
            && method.ParameterList.Parameters.Count == ParameterLimit + 1;

    /// <summary>C# and C that people write.</summary>
    private static IEnumerable<string> Texts =>
        Repository.Sources.Select(source => source.Path).Concat(Repository.Files("native", "*.[ch]"))
            .Concat(Repository.Files("bench", "*.[ch]")).Concat(Repository.Files("tests", "*.[ch]"));

    private static string Namespace(SyntaxNode type) =>
        type.Ancestors().OfType<BaseNamespaceDeclarationSyntax>().FirstOrDefault()?.Name.ToString() ?? "";

    private static IEnumerable<SyntaxNode> Functions(SourceFile source) =>
        source.Nodes<BaseMethodDeclarationSyntax>().Cast<SyntaxNode>()
            .Concat(source.Nodes<AccessorDeclarationSyntax>())
            .Concat(source.Nodes<LocalFunctionStatementSyntax>());
}
