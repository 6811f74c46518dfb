using Grpc.Core;
using OverlayFuse.Tools.Containerd;
using OverlayFuse.Tools.Snapshotter.Filters;

namespace OverlayFuse.Tools.Tests.Snapshotter;

/// <summary>The language of containerd's filters, by the examples of its documentation and by what its parser refuses.</summary>
internal sealed class FilterTests
{
    private static readonly Info s_info = new()
    {
        Name = "sha256:12,3",
        Parent = "base",
        Kind = Kind.Committed,
        Labels = { ["team"] = "a", ["containerd.io/gc.root"] = "now", ["dotted.name"] = "say \"x\"" },
    };

    [TestCase("name")]
    [TestCase("kind==committed")]
    [TestCase("kind!=active")]
    [TestCase("parent==base,kind==committed")]
    [TestCase("name==\"sha256:12,3\"")]
    [TestCase("name~=^sha256")]
    [TestCase("name~=/12.3$/")]
    [TestCase("name~=\"sha256:\\\\d+\"")]
    [TestCase("labels.team==a")]
    [TestCase("labels.\"containerd.io/gc.root\"")]
    [TestCase("labels.\"containerd.io/gc.root\"==now")]
    [TestCase("labels.dotted.name==\"say \\\"x\\\"\"")]
    [TestCase("labels.none!=a")]
    [TestCase("size!=1")]
    public void Filter_ThatHolds_Matches(string text) => Assert.That(FilterParser.Parse(text).Matches(s_info), Is.True);

    [TestCase("labels.none")]
    [TestCase("kind==view")]
    [TestCase("parent==base,kind==active")]
    [TestCase("name~=^base")]
    [TestCase("labels.team!=a")]
    [TestCase("size")]
    public void Filter_ThatDoesNotHold_DoesNotMatch(string text) => Assert.That(FilterParser.Parse(text).Matches(s_info), Is.False);

    [TestCase("")]
    [TestCase(",")]
    [TestCase("name==")]
    [TestCase("name=base")]
    [TestCase("name==a b")]
    [TestCase("name,")]
    [TestCase("labels.")]
    [TestCase("name==\"a")]
    [TestCase("name~=(")]
    public void Filter_NotOfTheLanguage_IsAnInvalidArgument(string text) =>
        Assert.That(Assert.Throws<RpcException>(() => FilterParser.Parse(text))?.StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
}
