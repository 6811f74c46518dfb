using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OverlayFuse.Architecture.Tests;

/// <summary>The types of the code and the names of their members, all parts of a type together.</summary>
internal static class DeclaredNames
{
    private static readonly ILookup<string, string> s_members = (
        from source in Repository.Sources
        from type in source.Nodes<BaseTypeDeclarationSyntax>()
        from name in Members(type)
        select (Type: type.Identifier.Text, Name: name)).ToLookup(member => member.Type, member => member.Name);

    private static readonly ILookup<string, string> s_types = (
        from source in Repository.Sources
        from type in source.Nodes<BaseTypeDeclarationSyntax>()
        select (Type: type.Identifier.Text, source.Path)).ToLookup(type => type.Type, type => type.Path);

    /// <summary>The files of a type; none where there is no such type.</summary>
    public static IEnumerable<string> FilesOf(string type) => s_types[type];

    public static bool HasMember(string type, string member) => s_members[type].Contains(member);

    private static IEnumerable<string> Members(BaseTypeDeclarationSyntax type) => type switch
    {
        EnumDeclarationSyntax one => one.Members.Select(member => member.Identifier.Text),
        TypeDeclarationSyntax one =>
            [.. one.Members.SelectMany(Names), .. one.ParameterList?.Parameters.Select(parameter => parameter.Identifier.Text) ?? []],
        _ => [],
    };

    private static IEnumerable<string> Names(MemberDeclarationSyntax member) => member switch
    {
        MethodDeclarationSyntax method => [method.Identifier.Text],
        PropertyDeclarationSyntax property => [property.Identifier.Text],
        BaseFieldDeclarationSyntax field => field.Declaration.Variables.Select(variable => variable.Identifier.Text),
        BaseTypeDeclarationSyntax type => [type.Identifier.Text],
        DelegateDeclarationSyntax type => [type.Identifier.Text],
        _ => [],
    };
}
