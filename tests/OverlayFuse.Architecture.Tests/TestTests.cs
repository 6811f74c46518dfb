using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OverlayFuse.Architecture.Tests;

/// <summary>Tests say what they test, and none is switched off without a word.</summary>
internal sealed partial class TestTests
{
    private static readonly string[] TestAttributes = ["Test", "TestCase", "TestCaseSource"];

    private static IEnumerable<(SourceFile Source, MethodDeclarationSyntax Method)> Tests =>
        from source in Repository.SourcesOf("tests").Concat(Repository.SourcesOf("samples"))
        from method in source.Nodes<MethodDeclarationSyntax>()
        where Attributes(method).Any(attribute => TestAttributes.Contains(attribute.Name.ToString()))
        select (source, method);

    [Test]
    public void Name_OfATest_IsOperationSituationResult() =>
        Assert.That(Tests.Where(test => !ThreeParts().IsMatch(test.Method.Identifier.Text))
            .Select(test => $"{test.Source.At(test.Method)}: {test.Method.Identifier.Text}"), Is.Empty);

    [Test]
    public void Ignored_OrExplicit_HasAReason()
    {
        IEnumerable<string> silent =
            from source in Repository.SourcesOf("tests")
            from attribute in source.Nodes<AttributeSyntax>()
            where attribute.Name.ToString() is "Ignore" or "Explicit" && attribute.ArgumentList is not { Arguments.Count: > 0 }
            select source.At(attribute);
        IEnumerable<string> silentCalls =
            from source in Repository.SourcesOf("tests")
            from call in source.Nodes<InvocationExpressionSyntax>()
            where call.Expression.ToString() is "Assert.Ignore" or "Assert.Inconclusive" && call.ArgumentList.Arguments.Count == 0
            select source.At(call);
        Assert.That(silent.Concat(silentCalls), Is.Empty);
    }

    [Test]
    public void Pass_ByCommand_IsNotATest()
    {
        IEnumerable<string> passes =
            from source in Repository.SourcesOf("tests")
            from call in source.Nodes<InvocationExpressionSyntax>()
            where call.Expression.ToString() is "Assert.Pass"
            select source.At(call);
        Assert.That(passes, Is.Empty);
    }

    private static IEnumerable<AttributeSyntax> Attributes(MethodDeclarationSyntax method) =>
        method.AttributeLists.SelectMany(list => list.Attributes);

    [GeneratedRegex("^[A-Z][A-Za-z0-9]*(_[A-Z0-9][A-Za-z0-9]*){2,}$")]
    private static partial Regex ThreeParts();
}
