using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OverlayFuse.Architecture.Tests;

/// <summary>
/// The rooms of OverlayFuse.Overlay: a folder and a namespace each, which uses only rooms below it; and circles of types stay small.
/// </summary>
internal sealed class RoomTests
{
    private const string Overlay = "src/OverlayFuse.Overlay";

    /// <summary>The type that hands the parts to whoever needs several; its own room is all of them.</summary>
    private const string Parts = "MergedView";

    /// <summary>From the bottom to the top; "" is the top folder, which holds options and numbers only.</summary>
    private static readonly string[] Tower =
        ["", "Callers", "Layers", "Work", "Marks", "Owners", "Links", "Inodes", "Merging", "Listing", "OpenFiles", "CopyingUp", "Live",
            "Operations"];

    /// <summary>Rooms beside the tower, with the highest room that they may use.</summary>
    private static readonly Dictionary<string, string> Beside = new()
    {
        ["Checks"] = "Marks",
        ["Changes"] = "Merging",
        ["Seeing"] = "Merging",
    };

    /// <summary>Rooms that may use a room beside the tower.</summary>
    private static readonly Dictionary<string, string[]> MayUseBeside = new()
    {
        ["Live"] = ["Checks"],
        ["Operations"] = ["Checks"],
        ["Seeing"] = ["Changes"],
    };

    private static readonly TypeGraph Types = new(Overlay);

    private static IEnumerable<string> Assemblies => ["src/OverlayFuse.Linux", "src/OverlayFuse.Fuse", Overlay, "src/OverlayFuse.Cli"];

    [Test]
    public void Rooms_OfOverlay_AreThoseThatArePlanned() =>
        Assert.That(Types.Rooms.Values.Distinct(), Is.EquivalentTo(Tower.Concat(Beside.Keys)));

    [Test]
    public void Room_OfOverlay_UsesOnlyRoomsBelowIt()
    {
        IEnumerable<string> upward =
            from use in Types.Uses
            where use.From != Parts
            let user = Types.Rooms[use.From]
            let used = use.To == Parts ? "Merging" : Types.Rooms[use.To]
            where user != used && !MayUse(user, used)
            select $"{user}/{use.From} uses {used}/{use.To}";
        Assert.That(upward, Is.Empty);
    }

    [Test]
    public void Namespace_OfOverlay_IsItsFolder()
    {
        IEnumerable<string> elsewhere =
            from source in Repository.SourcesOf(Overlay)
            let room = Path.GetRelativePath(Overlay, Path.GetDirectoryName(source.Path)!)
            let expected = room == "." ? "OverlayFuse.Overlay" : "OverlayFuse.Overlay." + room
            from space in source.Nodes<BaseNamespaceDeclarationSyntax>()
            where space.Name.ToString() != expected
            select $"{source.At(space)}: {space.Name}";
        Assert.That(elsewhere, Is.Empty);
    }

    /// <summary>The operations serve the kernel; a helper that asked them would climb.</summary>
    [Test]
    public void FileSystem_OfOverlay_IsUsedByNothingInItsAssembly() =>
        Assert.That(Types.Uses.Where(use => use.To == "OverlayFileSystem").Select(use => use.From), Is.Empty);

    /// <summary>
    /// Where an option is asked: the room that acts on it, and no other. Setting a view up (ViewAssembly) and asking before the mount
    /// (Checks) do not count, nor does what <c>changes</c> reads for its own view.
    /// </summary>
    [Test]
    public void Option_OfAMount_IsAskedInOneRoom()
    {
        string[] paths = ["LowerDirs", "UpperDir", "WorkDir", "DataDirs"];
        IEnumerable<string> options = Repository.SourcesOf(Overlay)
            .Single(source => source.Path.EndsWith("/OverlayOptions.cs", StringComparison.Ordinal))
            .Nodes<PropertyDeclarationSyntax>().Select(property => property.Identifier.Text).Except(paths);
        ILookup<string, string> rooms = (
            from source in Repository.SourcesOf(Overlay)
            let room = Path.GetRelativePath(Overlay, Path.GetDirectoryName(source.Path)!)
            where !Beside.ContainsKey(room) && room != "." && !source.Path.EndsWith("/ViewAssembly.cs", StringComparison.Ordinal)
            from access in source.Nodes<MemberAccessExpressionSyntax>()
            where access.Expression.ToString().EndsWith("ptions", StringComparison.Ordinal)
            select (Option: access.Name.Identifier.Text, room)).Distinct().ToLookup(asked => asked.Option, asked => asked.room);
        Assert.That(options, Is.Not.Empty.And.Some.Matches<string>(option => rooms[option].Any()));
        Assert.That(options.Where(option => rooms[option].Count() > 1).Select(option => $"{option}: {string.Join(", ", rooms[option])}"),
            Is.Empty);
    }

    /// <summary>The largest: Inode, InodeExtra, DirectoryNode and Place belong together.</summary>
    [TestCaseSource(nameof(Assemblies))]
    public void Circle_OfTypes_HasAtMostSix(string assembly) =>
        Assert.That(new TypeGraph(assembly).Circles().Where(circle => circle.Length > 6)
            .Select(circle => $"{circle.Length}: {string.Join(", ", circle)}"), Is.Empty);

    [Test]
    public void Graph_OfTypes_SeesCircles() =>
        Assert.That(Types.Circles(), Has.Some.SupersetOf(new[] { "DirectoryNode", "Inode", "InodeExtra", "Place" }));

    private static int Rank(string room) => Array.IndexOf(Tower, room);

    private static bool MayUse(string from, string to)
    {
        if (to.Length == 0)
            return true;
        if (Beside.ContainsKey(to))
            return MayUseBeside.TryGetValue(from, out string[]? beside) && beside.Contains(to);
        return Beside.TryGetValue(from, out string? highest) ? Rank(to) <= Rank(highest) : Rank(to) < Rank(from);
    }
}
