using System.CommandLine;
using System.Reflection;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OverlayFuse.Architecture.Tests;

/// <summary>The rooms of one program: a folder is a room and a namespace, and a room uses only rooms below it.</summary>
/// <param name="assembly">Its project and root namespace.</param>
/// <param name="rooms">From the bottom to the top. Above them stands the top folder, which uses all.</param>
internal sealed class ProgramRooms(string assembly, params string[] rooms)
{
    private readonly string _folder = "src/" + assembly;

    public IReadOnlyList<string> Names => rooms;

    public IEnumerable<SourceFile> Sources => Repository.SourcesOf(_folder);

    /// <summary>The room of each file, "" for the top folder.</summary>
    public string RoomOf(SourceFile source) =>
        Path.GetRelativePath(_folder, Path.GetDirectoryName(source.Path)!) is var folder and not "." ? folder : "";

    public IEnumerable<string> FilesWithAnotherNamespace() =>
        from source in Sources
        let expected = RoomOf(source).Length == 0 ? assembly : $"{assembly}.{RoomOf(source)}"
        where !source.Nodes<BaseNamespaceDeclarationSyntax>().Select(space => space.Name.ToString()).SequenceEqual([expected])
        select source.Path;

    public IEnumerable<string> CrowdedFolders(int most) =>
        Sources.GroupBy(RoomOf).Where(room => room.Count() > most).Select(room => $"{room.Key}: {room.Count()} files");

    /// <summary>Uses of a room above. A room is reached by a using directive, or by a name that begins with the room's.</summary>
    public IEnumerable<string> UsesUpward(string room) =>
        from source in Sources
        where RoomOf(source) == room
        from used in RoomsNamedIn(source).Distinct()
        where rooms[Array.IndexOf(rooms, room)..].Contains(used) && used != room
        select $"{source.Path}: {used}";

    public IEnumerable<string?> FilesOfTheTopFolder() =>
        Sources.Where(source => RoomOf(source).Length == 0).Select(source => Path.GetFileName(source.Path));

    public IEnumerable<string> VerbFiles() =>
        Sources.Where(source => source.Path.EndsWith("Verb.cs", StringComparison.Ordinal)).Select(source => source.Path);

    /// <summary>The types that are verbs by their name.</summary>
    public static IEnumerable<Type> VerbTypes(Assembly program) =>
        program.GetTypes().Where(type => type.Name.EndsWith("Verb", StringComparison.Ordinal));

    /// <summary>A verb is a static class with a name and a method that makes its command.</summary>
    public static void AssertVerb(Type verb, IEnumerable<string> names)
    {
        object? name = verb.GetField("Name", BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue();
        MethodInfo? make = verb.GetMethod("Make", BindingFlags.Public | BindingFlags.Static, []);
        Assert.That(verb is { IsAbstract: true, IsSealed: true }, "it is static");
        Assert.That((make?.Invoke(null, null) as Command)?.Name, Is.EqualTo(name).And.Not.Null);
        Assert.That(names, Has.Member(name));
    }

    private IEnumerable<string> RoomsNamedIn(SourceFile source)
    {
        IEnumerable<string> names =
            source.Nodes<UsingDirectiveSyntax>().Select(used => used.Name?.ToString() ?? "")
                .Concat(source.Nodes<QualifiedNameSyntax>().Select(name => name.ToString()))
                .Concat(source.Nodes<MemberAccessExpressionSyntax>().Select(access => access.ToString()));
        foreach (string name in names)
        {
            string inside = name.StartsWith(assembly + ".", StringComparison.Ordinal) ? name[(assembly.Length + 1)..] : name;
            if (rooms.FirstOrDefault(room => inside == room || inside.StartsWith(room + ".", StringComparison.Ordinal)) is { } used)
                yield return used;
        }
    }
}
