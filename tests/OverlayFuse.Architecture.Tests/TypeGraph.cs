using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OverlayFuse.Architecture.Tests;

/// <summary>
/// Which types of an assembly use which others of it, read from the sources by their names. A partial class is one type, a nested type is
/// part of the type around it. Documentation does not count as use.
/// </summary>
internal sealed class TypeGraph
{
    private readonly Dictionary<string, HashSet<string>> _uses = [];

    /// <param name="folder">The folder of the assembly, from the root of the repository.</param>
    public TypeGraph(string folder)
    {
        (string Name, SourceFile Source, SyntaxNode Node)[] declarations =
        [
            .. from source in Repository.SourcesOf(folder)
               from node in source.Nodes<MemberDeclarationSyntax>()
               where node is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax && node.Parent is BaseNamespaceDeclarationSyntax
               select (NameOf(node), source, (SyntaxNode)node),
        ];
        Rooms = declarations.GroupBy(declaration => declaration.Name)
            .ToDictionary(group => group.Key, group => RoomOf(folder, group.First().Source.Path));
        foreach ((string name, _, SyntaxNode node) in declarations)
        {
            HashSet<string> used = _uses.TryGetValue(name, out HashSet<string>? known) ? known : _uses[name] = [];
            used.UnionWith(UsedIn(node).Where(other => other != name && Rooms.ContainsKey(other)));
        }
    }

    /// <summary>The room of each type: its folder below the assembly's, "" for the top folder.</summary>
    public IReadOnlyDictionary<string, string> Rooms { get; }

    public IEnumerable<(string From, string To)> Uses => _uses.SelectMany(pair => pair.Value.Select(to => (pair.Key, to)));

    /// <summary>Groups of two and more types of which each uses each, if only by others; the largest first.</summary>
    public IReadOnlyList<string[]> Circles()
    {
        var reached = _uses.Keys.ToDictionary(type => type, Reach);
        return
        [
            .. _uses.Keys.Where(type => reached[type].Contains(type))
                .GroupBy(type => _uses.Keys.Order(StringComparer.Ordinal)
                    .First(other => other == type || (reached[type].Contains(other) && reached[other].Contains(type))))
                .Select(group => group.Order(StringComparer.Ordinal).ToArray())
                .OrderByDescending(circle => circle.Length),
        ];
    }

    private HashSet<string> Reach(string from)
    {
        var reached = new HashSet<string>();
        var next = new Stack<string>([from]);
        while (next.TryPop(out string? type))
        {
            foreach (string used in _uses[type].Where(reached.Add))
                next.Push(used);
        }
        return reached;
    }

    private static string NameOf(SyntaxNode node) => node switch
    {
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        DelegateDeclarationSyntax type => type.Identifier.Text,
        _ => throw new ArgumentException(node.Kind().ToString()),
    };

    private static string RoomOf(string folder, string path) =>
        Path.GetRelativePath(folder, Path.GetDirectoryName(path)!) is not "." and var room ? room : "";

    /// <summary>Names that stand for types: no members, no names of arguments, no properties that are set.</summary>
    private static IEnumerable<string> UsedIn(SyntaxNode type)
    {
        var members = Members(type).Where(member => LastName(member.Type) != member.Name).Select(member => member.Name).ToHashSet();
        return from name in type.DescendantNodes().OfType<SimpleNameSyntax>()
               where !IsMember(name) && !members.Contains(name.Identifier.Text)
               select name.Identifier.Text;
    }

    private static IEnumerable<(TypeSyntax Type, string Name)> Members(SyntaxNode type) =>
        type.DescendantNodes().OfType<PropertyDeclarationSyntax>().Select(property => (property.Type, property.Identifier.Text))
            .Concat(type.DescendantNodes().OfType<VariableDeclarationSyntax>().Where(field => field.Parent is FieldDeclarationSyntax)
                .SelectMany(field => field.Variables.Select(variable => (field.Type, variable.Identifier.Text))))
            .Concat(type.DescendantNodesAndSelf().OfType<TypeDeclarationSyntax>()
                .SelectMany(declared => declared.ParameterList?.Parameters ?? [])
                .Select(parameter => (parameter.Type!, parameter.Identifier.Text)));

    private static string LastName(TypeSyntax type) => type.ToString().TrimEnd('?').Split('.')[^1];

    private static bool IsMember(SimpleNameSyntax name) => name.Parent switch
    {
        MemberAccessExpressionSyntax access => access.Name == name,
        MemberBindingExpressionSyntax => true,
        NameColonSyntax or NameEqualsSyntax => true,
        AssignmentExpressionSyntax { Parent: InitializerExpressionSyntax } assignment => assignment.Left == name,
        _ => false,
    };
}
