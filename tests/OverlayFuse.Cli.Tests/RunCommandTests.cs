using OverlayFuse.Cli.Sessions;

namespace OverlayFuse.Cli.Tests;

/// <summary>Where the command of `overlayfuse run` begins.</summary>
internal sealed class RunCommandTests
{
    [TestCase("run --lower . -- make", 4)]
    [TestCase("run -- a -- b", 2)]
    [TestCase("run --", null)]
    [TestCase("run --lower .", null)]
    public void Place_OfTheCommand_IsBehindTheFirstMark(string words, int? place) =>
        Assert.That(RunCommand.PlaceIn(words.Split(' ')), Is.EqualTo(place));

    [TestCase("run --lower . -- make --help", "run --lower .")]
    [TestCase("hold --lower . -- x", "hold --lower . -- x")]
    [TestCase("run", "run")]
    public void Without_ACommand_LeavesTheWordsOfTheVerb(string words, string own) =>
        Assert.That(RunCommand.Without(words.Split(' ')), Is.EqualTo(own.Split(' ')));
}
