using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OverlayFuse.Architecture.Tests;

/// <summary>One place says what a layer shows under a name.</summary>
internal sealed class LayerReaderTests
{
    private const string Overlay = "src/OverlayFuse.Overlay/";

    /// <summary>The calls that decide what a layer shows.</summary>
    private static readonly string[] Rules =
        ["Whiteout.Is", "NestedView.Refuse", "AufsWhiteout.Hides", "Opaque.ReadInLower", "StatOverrides.Apply", "Owners.Show"];

    [Test]
    public void LayerRules_InMergingListingAndChanges_AreAskedByTheReaderOnly()
    {
        IEnumerable<string> askers =
            from room in new[] { "Merging", "Listing", "Changes", "Seeing" }
            from source in Repository.SourcesOf(Overlay + room)
            from call in source.Nodes<InvocationExpressionSyntax>()
            where Rules.Any(rule => $".{call.Expression}".EndsWith($".{rule}", StringComparison.Ordinal))
            select source.Path;
        Assert.That(askers.Distinct(), Is.EqualTo(new[] { Overlay + "Merging/LayerReader.cs" }));
    }
}
