using OverlayFuse.Testing;

namespace Inventory.Tests;

/// <summary>One overlay for all tests of a class, as it was at first before each of them.</summary>
[TestFixture, NonParallelizable]
internal sealed class SharedOverlayTests
{
    private OverlayMount _overlay = null!;

    [OneTimeSetUp]
    public void Mount() => _overlay = OverlayMount.Create(Fixture.Directory);

    [OneTimeTearDown]
    public void Unmount() => _overlay.Dispose();

    [SetUp]
    public void BeginAnew() => _overlay.Reset();

    [Test]
    public void Append_ToTheInventory_IsOneModifiedFile()
    {
        File.AppendAllText(Path.Combine(_overlay.Path, "inventory.csv"), "hooks,3\n");
        Assert.That(_overlay.Changes, Is.EqualTo(new[] { new OverlayChange(OverlayChangeKind.Modified, "inventory.csv") }));
    }

    [Test]
    public void Delete_OfEverything_LeavesAnEmptyTree()
    {
        Fixture.Run(_overlay.Path, "sh", "-c", "rm -rf -- *");
        Assert.That(Directory.GetFileSystemEntries(_overlay.Path), Is.Empty);
    }
}
