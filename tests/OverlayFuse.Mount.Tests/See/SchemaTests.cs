using OverlayFuse.Mount.Tests.Cli;

namespace OverlayFuse.Mount.Tests.See;

/// <summary>The documents of `--json` have the form of docs/schemas.</summary>
internal sealed class SchemaTests : SeeTest
{
    [TestCase("new/sub/f")]
    [TestCase("old")]
    [TestCase("copied")]
    [TestCase("etc/link")]
    [TestCase("etc/passwd")]
    [TestCase("dir")]
    [TestCase("aufs")]
    [TestCase("")]
    [TestCase("none")]
    public void Explain_AsJson_HasTheFormOfTheSchema(string path)
    {
        MountKernel();
        Change();
        Layers.Shell("setfattr -n user.note -v x k/copied");
        Assert.That(JsonSchema.Faults("explain", Layers.Start("explain", "--json", $"k/{path}").Output), Is.Empty);
    }

    /// <summary>A name that is no UTF-8 has its bytes under a second key.</summary>
    [Test]
    public void Explain_OfRawBytes_HasTheFormOfTheSchema()
    {
        Layers.Shell("touch \"l3/$(printf 'a\\377')\"");
        Layers.Shell($"'{Overlayfuse.Path}' explain --json --lower l3 \"$(printf 'a\\377')\" > out");
        string document = File.ReadAllText(Layers.PathOf("out"));
        Assert.That(JsonSchema.Faults("explain", document), Is.Empty);
        Assert.That(document, Does.Contain("\"path_base64\": \"Yf8=\""));
    }

    /// <summary>The reader of schemas sees faults.</summary>
    [TestCase("[{}]", "/0: path is missing")]
    [TestCase("{}", ": is Object")]
    public void Schema_OfAnotherDocument_FindsTheFault(string document, string fault) =>
        Assert.That(JsonSchema.Faults("explain", document), Has.Member(fault));
}
