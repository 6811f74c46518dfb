namespace OverlayFuse.Overlay.Tests;

/// <summary>The ring of a daemon's last messages.</summary>
internal sealed class DaemonEventTests
{
    [Test]
    public void Find_InAnEmptyRing_FindsNothing() => Assert.That(new DaemonEvents().Find(0), Is.Null);

    [Test]
    public void Add_MoreThanThereIsRoomFor_DropsTheOldest()
    {
        var events = new DaemonEvents();
        for (int i = 0; i < DaemonEvents.Most + 2; i++)
            events.Add($"message {i}");
        Assert.That(events.Find(0), Does.Match("^[0-9-]{10}T[0-9:]{8}Z message 2$"));
        Assert.That(events.Find(DaemonEvents.Most - 1), Does.EndWith($" message {DaemonEvents.Most + 1}"));
        Assert.That((events.Find(DaemonEvents.Most), events.Find(-1)), Is.EqualTo(((string?)null, (string?)null)));
    }

    [Test]
    public void Add_WithALog_TellsTheLogTheWholeText()
    {
        var log = new List<string>();
        var events = new DaemonEvents(log.Add);
        string text = new('x', 5000);
        events.Add(text);
        Assert.That(log, Is.EqualTo(new[] { text }));
        Assert.That(events.Find(0)!, Has.Length.LessThan(1100));
    }
}
