using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux.Tests.Support;

namespace OverlayFuse.Fuse.Tests;

/// <summary>native/abi_check.c: gcc compares the layouts of the C# structs with the C header of each processor.</summary>
internal sealed class AbiTests
{
    private static readonly string AbiCheck = Path.Combine(FindRepository(), "native", "abi_check.c");

    private static IEnumerable<Type> Structs =>
        Protocol.Where(type => type is { IsValueType: true, IsEnum: false } && FieldsOf(type).Any());

    private static IEnumerable<Type> Enums => Protocol.Where(type => type.IsEnum);

    /// <summary>Those that only the session reads are internal.</summary>
    private static IEnumerable<Type> Protocol => typeof(InHeader).Assembly.GetTypes()
        .Where(type => type is { Namespace: "OverlayFuse.Fuse.Protocol", IsNested: false });

    [TestCaseSource(typeof(Compiler), nameof(Compiler.Targets))]
    public void Layout_OfEveryStructAndFlag_IsThatOfTheHeader(Architecture target)
    {
        (int exitCode, string output) = Compiler.For(target).CheckLayout(AbiCheck, Layout());
        Assert.That(exitCode, Is.Zero, output);
    }

    [TestCaseSource(typeof(Compiler), nameof(Compiler.Targets))]
    public void Layout_WithOneFieldMoved_DoesNotCompile(Architecture target)
    {
        string moved = Layout().Replace("#define SetAttrIn_Mode 68", "#define SetAttrIn_Mode 72", StringComparison.Ordinal);
        (int exitCode, string output) = Compiler.For(target).CheckLayout(AbiCheck, moved);
        Assert.That(exitCode, Is.Not.Zero);
        Assert.That(output, Does.Contain("offset of fuse_setattr_in.mode"));
    }

    [Test]
    public void AbiCheck_EveryStructFieldAndFlag_IsNamed()
    {
        string text = File.ReadAllText(AbiCheck);
        var missing = new List<string>();
        foreach (Type type in Structs)
        {
            if (!text.Contains($", {type.Name});", StringComparison.Ordinal) &&
                !text.Contains($", {type.Name}, size);", StringComparison.Ordinal))
                missing.Add(type.Name);
            missing.AddRange(FieldsOf(type).Where(field => !text.Contains($", {type.Name}, {field.Name});", StringComparison.Ordinal))
                .Select(field => $"{type.Name}.{field.Name}"));
        }
        foreach (Type type in Enums)
        {
            missing.AddRange(Enum.GetNames(type)
                .Where(name => name != "None" && !text.Contains($", {type.Name}, {name});", StringComparison.Ordinal))
                .Select(name => $"{type.Name}.{name}"));
        }
        Assert.That(missing, Is.EqualTo(new[] { "StatxOut.Spare1" }), "the second element of C's spare[2]");
    }

    private static IEnumerable<FieldInfo> FieldsOf(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Instance);

    private static string Layout()
    {
        var text = new StringBuilder();
        foreach (Type type in Structs)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"#define {type.Name}_size {Marshal.SizeOf(type)}");
            foreach (FieldInfo field in FieldsOf(type))
                text.AppendLine(CultureInfo.InvariantCulture, $"#define {type.Name}_{field.Name} {Marshal.OffsetOf(type, field.Name)}");
        }
        foreach (Type type in Enums)
        {
            foreach (string name in Enum.GetNames(type))
                text.AppendLine(CultureInfo.InvariantCulture,
                    $"#define {type.Name}_{name} {Convert.ToUInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture)}ULL");
        }
        return text.ToString();
    }

    private static string FindRepository()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "OverlayFuse.sln")))
            directory = Path.GetDirectoryName(directory)!;
        return directory;
    }
}
