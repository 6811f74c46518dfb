using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Oracle.Fuzz;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>
/// The converter from found differences to tests: what it prints is compiled by the C# compiler, and must be the same scenario again.
/// </summary>
[TestFixture]
internal sealed class ScenarioTextTests
{
    /// <summary>This assembly lets one of that name see its internals.</summary>
    private const string AssemblyName = "OverlayFuse.Mount.Tests.Converted";
    private const int Seeds = 150;

    private static readonly Scenario Odd = new(
        new Layer().On("xfs").File("quote\" back\\slash\ttab", "it's {braces}", 4755, 1000).Dir("", 700, 5).Times("d", 1, 2, 3)
            .AufsWhiteout("d/gone").Socket("s").Acl("d", "u::rwx,g::r-x,o::---"),
        [new Layer().Sparse("sparse", 1L << 40, 0, 4096).Whiteout("w").Opaque("o").File(Values.Name(0xff, 0x80, (byte)' ', 0xc3), "bytes"),
            new Layer()],
        [
            new As(1000, new WithUmask(27, new Open("1", "a\nb", O.TMPFILE | O.RDWR, 600))),
            new AsMember(1, 2, 3, new Rename("x", "y", RenameFlags.Exchange | RenameFlags.NoReplace)), new SwitchSides(), new Rotate(),
            new Remount(),
            new Lchown("x", -1, 7), new WriteBlocks("1", 4096, 2, '\''),
            new Fallocate("1", FallocFlags.PunchHole | FallocFlags.KeepSize, 1L << 33, 4096), new MapWrite("1", "text", Shared: false),
            new Mknod("n", 'c', 666, 1, 3),
        ],
        "redirect_dir=on,metacopy=on")
    { ForeignUpper = true, OnlyMerged = true, Io = "stateless", Data = [new Layer().File("data", "d")] };

    [Test]
    public void Convert_EveryKindOfValue_CompilesToTheSameScenario() => AssertSame([Odd], Compile([Odd]));

    [Test]
    public void Convert_ManySeeds_CompilesToTheSameScenarios()
    {
        Scenario[] scenarios = [.. Enumerable.Range(1, Seeds).Select(ScenarioGenerator.Make)];
        AssertSame(scenarios, Compile(scenarios));
    }

    [Test]
    public void Convert_ADifference_IsATestThatSaysWhatDiffered()
    {
        string test = ScenarioText.Test(17, new Scenario(new Layer(), [new Layer().File("f")], [new Unlink("f")]),
            ["step 0: kernel says ok"]);
        Assert.That(test, Is.EqualTo("""
                // step 0: kernel says ok
                [Test]
                public void Seed17_AsTheFuzzFoundIt_EqualsTheKernel() => Compare(
                    new Scenario(
                        new Layer(),
                        [
                            new Layer()
                                .File("f", "", 644, 0),
                        ],
                        [
                            new Unlink("f"),
                        ],
                        ""));

            """));
    }

    private static void AssertSame(Scenario[] expected, Scenario[] converted)
    {
        Assert.That(converted, Has.Length.EqualTo(expected.Length));
        foreach ((Scenario one, Scenario other) in expected.Zip(converted))
            Assert.Multiple(() =>
            {
                Assert.That(other.Operations, Is.EqualTo(one.Operations));
                Assert.That(Layers(other), Is.EqualTo(Layers(one)));
                Assert.That((other.Options, other.ForeignUpper, other.OnlyMerged, other.Io),
                    Is.EqualTo((one.Options, one.ForeignUpper, one.OnlyMerged, one.Io)));
            });
    }

    private static IEnumerable<object> Layers(Scenario scenario) =>
        new[] { scenario.Upper }.Concat(scenario.Lowers).Concat(scenario.Data)
            .SelectMany(layer => new object[] { layer.FileSystem }.Concat(layer.Entries));

    private static Scenario[] Compile(IEnumerable<Scenario> scenarios)
    {
        string source = $$"""
            using OverlayFuse.Mount.Tests.Harness;
            using OverlayFuse.Mount.Tests.Oracle;
            internal static class Converted
            {
                public static Scenario[] All() => [{{string.Join(",\n", scenarios.Select(ScenarioText.Expression))}}];
            }
            """;
        IEnumerable<string> references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':')
            .Append(typeof(Scenario).Assembly.Location).Distinct();
        CSharpCompilation compilation = CSharpCompilation.Create(AssemblyName, [CSharpSyntaxTree.ParseText(source)],
            references.Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var image = new MemoryStream();
        Assert.That(compilation.Emit(image).Diagnostics.Where(found => found.Severity == DiagnosticSeverity.Error), Is.Empty);
        image.Position = 0;
        var context = new AssemblyLoadContext(AssemblyName);
        context.Resolving += (_, wanted) => wanted.Name == typeof(Scenario).Assembly.GetName().Name ? typeof(Scenario).Assembly : null;
        return (Scenario[])context.LoadFromStream(image).GetType("Converted")!.GetMethod("All")!.Invoke(null, null)!;
    }
}
