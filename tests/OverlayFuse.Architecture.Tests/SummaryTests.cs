using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OverlayFuse.Architecture.Tests;

/// <summary>
/// The package OverlayFuse.Fuse explains all that it shows. The compiler asks for a comment (CS1591), and is content with one that has no
/// summary.
/// </summary>
internal sealed class SummaryTests
{
    private static IEnumerable<(SourceFile Source, MemberDeclarationSyntax Member)> PublicMembers =>
        from source in Repository.SourcesOf("src/OverlayFuse.Fuse").Concat(Repository.SourcesOf("src/OverlayFuse.Linux"))
        from member in source.Nodes<MemberDeclarationSyntax>()
        where member is not (BaseNamespaceDeclarationSyntax or GlobalStatementSyntax)
        where IsPublic(member) && member.Ancestors().OfType<TypeDeclarationSyntax>().All(IsPublic)
        select (source, member);

    [Test]
    public void PublicMember_OfFuseAndLinux_HasASummary()
    {
        HashSet<string> explained = [.. PublicMembers.Where(each => HasSummary(each.Member)).Select(each => NameOfType(each.Member))];
        IEnumerable<string> silent =
            from each in PublicMembers
            where !HasSummary(each.Member) && !(each.Member is TypeDeclarationSyntax && explained.Contains(NameOfType(each.Member)))
            select each.Source.At(each.Member);
        Assert.That(silent, Is.Empty);
    }

    [Test]
    public void PublicMembers_OfEveryKind_AreSeen() =>
        Assert.That(PublicMembers.Select(each => each.Member.Kind()).Distinct(), Is.SupersetOf(new[]
        {
            SyntaxKind.EnumMemberDeclaration, SyntaxKind.FieldDeclaration, SyntaxKind.MethodDeclaration, SyntaxKind.PropertyDeclaration,
            SyntaxKind.InterfaceDeclaration, SyntaxKind.StructDeclaration, SyntaxKind.ConstructorDeclaration,
        }));

    private static bool IsPublic(MemberDeclarationSyntax member) =>
        member.Modifiers.Any(SyntaxKind.PublicKeyword) || member.Parent is InterfaceDeclarationSyntax
            || (member is EnumMemberDeclarationSyntax && IsPublic((MemberDeclarationSyntax)member.Parent!));

    private static bool HasSummary(MemberDeclarationSyntax member)
    {
        string comment = member.GetLeadingTrivia().ToFullString();
        return comment.Contains("<summary>", StringComparison.Ordinal) || comment.Contains("<inheritdoc", StringComparison.Ordinal);
    }

    /// <summary>Of a partial type, one part explains all. Empty for other members.</summary>
    private static string NameOfType(MemberDeclarationSyntax member) => (member as TypeDeclarationSyntax)?.Identifier.Text ?? "";
}
