using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OverlayFuse.Architecture.Tests;

/// <summary>What people must read stays small: files under 400 lines, functions under 50, at most 5 parameters.</summary>
internal sealed class SizeTests
{
    private const int FileLimit = 400;
    private const int FunctionLimit = 50;
    private const int ParameterLimit = 5;

    [Test]
    public void Sources_AllOfThem_AreSeen() =>
        Assert.That(Repository.Sources.Select(source => source.Path),
            Has.Member("src/OverlayFuse.Fuse/FuseSession.cs").And.Some.StartsWith("tests/"));

    [Test]
    public void File_OfAnyKind_IsShort()
    {
        IEnumerable<string> files = Repository.Sources.Select(source => source.Path).Concat(Repository.Files("native", "*.[ch]"))
            .Concat(Repository.Files("bench", "*.[ch]"));
        Assert.That(files.Select(path => (Path: path, Lines: Repository.Read(path).Count(c => c == '\n')))
            .Where(file => file.Lines >= FileLimit), Is.Empty);
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

    private static IEnumerable<SyntaxNode> Functions(SourceFile source) =>
        source.Nodes<BaseMethodDeclarationSyntax>().Cast<SyntaxNode>()
            .Concat(source.Nodes<AccessorDeclarationSyntax>())
            .Concat(source.Nodes<LocalFunctionStatementSyntax>());
}
