using System.Text.Json;
using System.Xml.Linq;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Packaging;

/// <summary>`packaging/sbom`: the list of the parts of both programs, compared with the projects and with the files themselves.</summary>
internal sealed class SbomTests
{
    private Sandbox sandbox = null!;
    private JsonElement bill;

    [SetUp]
    public void MakeList()
    {
        sandbox = Sandbox.OnDisk();
        Tool.Run(Path.Combine(ProgramUnderTest.Repository, "packaging", "sbom"), "x86_64", sandbox.Root);
        bill = JsonDocument.Parse(File.ReadAllText(Directory.EnumerateFiles(sandbox.Root, "*.cdx.json").Single())).RootElement;
    }

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase("overlayfuse", "OverlayFuse.Cli")]
    [TestCase("overlayfuse-tools", "OverlayFuse.Tools")]
    public void Dependencies_OfAProgram_AreThoseOfItsProjectTheRuntimeAndTheCompiler(string program, string project)
    {
        XDocument file = XDocument.Load(Path.Combine(ProgramUnderTest.Repository, "src", project, $"{project}.csproj"));
        // A package with private assets works while the program is built, and is not in it.
        string[] expected = [.. file.Descendants("PackageReference").Where(reference => reference.Attribute("PrivateAssets") is null)
            .Select(reference => reference.Attribute("Include")!.Value)];
        string[] ofEach =
            ["Microsoft.NETCore.App.Runtime.NativeAOT.linux-x64", "runtime.linux-x64.Microsoft.DotNet.ILCompiler", "gcc", "glibc"];
        JsonElement own = bill.GetProperty("dependencies").EnumerateArray()
            .Single(entry => entry.GetProperty("ref").GetString() == $"{program}-x86_64");
        string[] listed = [.. own.GetProperty("dependsOn").EnumerateArray()
            .Select(part => part.GetString()!.Split('/')[^1].Split('@')[0])
            .Select(name => name.StartsWith("gcc-", StringComparison.Ordinal) ? "gcc" : name)];
        Assert.That(listed, Is.SupersetOf(expected.Concat(ofEach)));
    }

    [Test]
    public void Libraries_EachOfThem_HasVersionAndLicence() =>
        Assert.That(bill.GetProperty("components").EnumerateArray()
            .Where(part => part.GetProperty("version").GetString() == "" || part.GetProperty("licenses").GetArrayLength() == 0), Is.Empty);

    [TestCase("overlayfuse")]
    [TestCase("overlayfuse-tools")]
    public void Checksum_OfAProgram_IsThatOfTheFile(string program) =>
        Assert.That(Component(program).GetProperty("hashes")[0].GetProperty("content").GetString(),
            Is.EqualTo(Bash.Run($"sha256sum <'{(program == "overlayfuse" ? Overlayfuse.Path : Overlayfuse.Tools)}'").Split(' ')[0]));

    [Test]
    public void Glibc_LinkedStatically_IsTheOneOfTheCompiler() =>
        Assert.That(Component("glibc").GetProperty("version").GetString(),
            Is.EqualTo(Bash.Run("dpkg-query -W -f '${source:Version}' libc6-dev").Trim()));

    private JsonElement Component(string name) =>
        bill.GetProperty("components").EnumerateArray().Single(part => part.GetProperty("name").GetString() == name);
}
