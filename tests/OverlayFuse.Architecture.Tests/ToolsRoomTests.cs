using OverlayFuse.Tools;

namespace OverlayFuse.Architecture.Tests;

/// <summary>The rooms of the second program: one for each verb, and those that several verbs use.</summary>
internal sealed class ToolsRoomTests
{
    private const int MostFiles = 20;

    private static readonly ProgramRooms s_program = new(
        "OverlayFuse.Tools",
        "Serving", "Stacks", "Completion", "BugReport", "Explain",
        "Snapshotter.Model", "Snapshotter.Disk", "Snapshotter.Store", "Snapshotter.Filters", "Snapshotter");

    private static IEnumerable<string> Rooms => s_program.Names;

    private static IEnumerable<Type> VerbTypes => ProgramRooms.VerbTypes(typeof(Verbs).Assembly);

    [Test]
    public void Folders_OfTheTools_AreTheRooms() =>
        Assert.That(s_program.Sources.Select(s_program.RoomOf).Where(room => room.Length > 0).Distinct(), Is.EquivalentTo(Rooms));

    [Test]
    public void Namespace_OfAFile_IsItsRoom() => Assert.That(s_program.FilesWithAnotherNamespace(), Is.Empty);

    [Test]
    public void Folder_OfTheTools_HasFewFiles() => Assert.That(s_program.CrowdedFolders(MostFiles), Is.Empty);

    [TestCaseSource(nameof(Rooms))]
    public void Room_OfTheTools_UsesOnlyRoomsBelowIt(string room) => Assert.That(s_program.UsesUpward(room), Is.Empty);

    [Test]
    public void TopFolder_OfTheTools_HasTheEntryPointAndTheListOfVerbs() =>
        Assert.That(s_program.FilesOfTheTopFolder(), Is.EquivalentTo(new[] { "Program.cs", "Verbs.cs" }));

    [TestCaseSource(nameof(VerbTypes))]
    public void Verb_OfTheTools_HasANameAndMakesItsCommand(Type verb) => ProgramRooms.AssertVerb(verb, Verbs.Names);

    [Test]
    public void Verbs_OfTheList_HaveAFileEach() =>
        Assert.That(s_program.VerbFiles(), Has.Exactly(Verbs.Names.Count()).Items.And.Exactly(VerbTypes.Count()).Items);
}
