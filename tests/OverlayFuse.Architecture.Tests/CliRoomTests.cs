using System.CommandLine;
using System.Reflection;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using OverlayFuse.Cli;

namespace OverlayFuse.Architecture.Tests;

/// <summary>The rooms of the program: a folder is a room and a namespace, and a room uses only rooms below it.</summary>
internal sealed class CliRoomTests
{
    private const string Program = "src/OverlayFuse.Cli";
    private const string Root = "OverlayFuse.Cli";
    private const int MostFiles = 20;

    /// <summary>From the bottom to the top. Above them stands the top folder, which uses all.</summary>
    private static readonly string[] s_rooms = ["Native", "Output", "Words", "Asking", "Mounts", "Live", "Doctor", "Mounting", "Sessions"];

    private static IEnumerable<SourceFile> Sources => Repository.SourcesOf(Program);

    private static IEnumerable<Type> VerbTypes =>
        typeof(Verbs).Assembly.GetTypes().Where(type => type.Name.EndsWith("Verb", StringComparison.Ordinal));

    [Test]
    public void Folders_OfTheProgram_AreTheRooms() =>
        Assert.That(Sources.Select(RoomOf).Where(room => room.Length > 0).Distinct(), Is.EquivalentTo(s_rooms));

    [Test]
    public void Namespace_OfAFile_IsItsRoom()
    {
        IEnumerable<string> strangers =
            from source in Sources
            let expected = RoomOf(source).Length == 0 ? Root : $"{Root}.{RoomOf(source)}"
            where !source.Nodes<BaseNamespaceDeclarationSyntax>().Select(space => space.Name.ToString()).SequenceEqual([expected])
            select source.Path;
        Assert.That(strangers, Is.Empty);
    }

    [Test]
    public void Folder_OfTheProgram_HasFewFiles() =>
        Assert.That(Sources.GroupBy(RoomOf).Where(room => room.Count() > MostFiles).Select(room => $"{room.Key}: {room.Count()} files"),
            Is.Empty);

    /// <summary>A room is reached by a using directive, or by a name that begins with the room's.</summary>
    [TestCaseSource(nameof(s_rooms))]
    public void Room_OfTheProgram_UsesOnlyRoomsBelowIt(string room)
    {
        string[] forbidden = s_rooms[Array.IndexOf(s_rooms, room)..];
        IEnumerable<string> upward =
            from source in Sources
            where RoomOf(source) == room
            from used in RoomsNamedIn(source).Distinct()
            where forbidden.Contains(used) && used != room
            select $"{source.Path}: {used}";
        Assert.That(upward, Is.Empty);
    }

    /// <summary>Only the entry point and the list of verbs know all rooms.</summary>
    [Test]
    public void TopFolder_OfTheProgram_HasTheEntryPointAndTheListOfVerbs() =>
        Assert.That(Sources.Where(source => RoomOf(source).Length == 0).Select(source => Path.GetFileName(source.Path)),
            Is.EquivalentTo(new[] { "Program.cs", "Verbs.cs" }));

    [TestCaseSource(nameof(VerbTypes))]
    public void Verb_OfTheProgram_HasANameAndMakesItsCommand(Type verb)
    {
        object? name = verb.GetField("Name", BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue();
        MethodInfo? make = verb.GetMethod("Make", BindingFlags.Public | BindingFlags.Static, []);
        Assert.That(verb is { IsAbstract: true, IsSealed: true }, "it is static");
        Assert.That((make?.Invoke(null, null) as Command)?.Name, Is.EqualTo(name).And.Not.Null);
        Assert.That(Verbs.Names, Has.Member(name));
    }

    [Test]
    public void Verbs_OfTheList_HaveAFileEach() =>
        Assert.That(Sources.Where(source => source.Path.EndsWith("Verb.cs", StringComparison.Ordinal)).Select(source => source.Path),
            Has.Exactly(Verbs.Names.Count()).Items.And.Exactly(VerbTypes.Count()).Items);

    private static string RoomOf(SourceFile source) =>
        Path.GetRelativePath(Program, Path.GetDirectoryName(source.Path)!) is var folder and not "." ? folder : "";

    private static IEnumerable<string> RoomsNamedIn(SourceFile source)
    {
        IEnumerable<string> names =
            source.Nodes<UsingDirectiveSyntax>().Select(used => used.Name?.ToString() ?? "")
                .Concat(source.Nodes<QualifiedNameSyntax>().Select(name => name.ToString()))
                .Concat(source.Nodes<MemberAccessExpressionSyntax>().Select(access => access.ToString()));
        foreach (string name in names)
        {
            string inside = name.StartsWith(Root + ".", StringComparison.Ordinal) ? name[(Root.Length + 1)..] : name;
            if (s_rooms.FirstOrDefault(room => inside == room || inside.StartsWith(room + ".", StringComparison.Ordinal)) is { } used)
                yield return used;
        }
    }
}
