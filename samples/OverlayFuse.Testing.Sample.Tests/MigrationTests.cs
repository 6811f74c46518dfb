using OverlayFuse.Testing;

namespace Inventory.Tests;

/// <summary>An overlay for each test: they run side by side on one fixture, and none sees what another does.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class MigrationTests
{
    [Test]
    public async Task Migrate_OfVersionOne_ChangesWhatItShouldAndNothingElse()
    {
        await using OverlayMount overlay = await OverlayMount.CreateAsync(lower: Fixture.Directory);

        Assert.That(Fixture.Run(overlay.Path, "sh", "migrate.sh"), Is.Zero);

        Assert.That(overlay.Changes.Select(change => change.ToString()),
            Is.EqualTo(new[] { "A archive", "A archive/log.txt", "D drafts", "M inventory.csv" }));
        Assert.That(File.ReadAllLines(Path.Combine(overlay.Path, "inventory.csv")),
            Is.EqualTo(new[] { "name,amount,unit", "nails,200,piece", "screws,75,piece" }));
    }

    [Test]
    public async Task Migrate_AfterwardsInTheFixture_ShowsVersionOne()
    {
        await using (OverlayMount overlay = OverlayMount.Create(Fixture.Directory))
            Fixture.Run(overlay.Path, "sh", "migrate.sh");

        Assert.That(File.ReadAllLines(Path.Combine(Fixture.Directory, "inventory.csv"))[0], Is.EqualTo("name,amount"));
    }

    [Test]
    public async Task Migrate_WithoutDrafts_FailsAndHasChangedTheInventory()
    {
        await using OverlayMount overlay = OverlayMount.Create(Fixture.Directory);
        Directory.Delete(Path.Combine(overlay.Path, "drafts"), recursive: true);

        Assert.That(Fixture.Run(overlay.Path, "sh", "-c", "sh migrate.sh 2>/dev/null"), Is.Not.Zero);

        Assert.That(overlay.Changes, Does.Contain(new OverlayChange(OverlayChangeKind.Modified, "inventory.csv")),
            "this migration cannot be run twice");
    }

    [Test]
    public async Task Migrate_OfALargerInventory_TakesALayerOnTopOfTheFixture()
    {
        string patch = Directory.CreateTempSubdirectory().FullName;
        try
        {
            File.WriteAllText(Path.Combine(patch, "inventory.csv"), "name,amount\nbolts,1000000\n");
            await using OverlayMount overlay = OverlayMount.Create([patch, Fixture.Directory]);

            Fixture.Run(overlay.Path, "sh", "migrate.sh");

            Assert.That(File.ReadAllText(Path.Combine(overlay.Path, "inventory.csv")),
                Is.EqualTo("name,amount,unit\nbolts,1000000,piece\n"));
        }
        finally
        {
            Directory.Delete(patch, recursive: true);
        }
    }
}
