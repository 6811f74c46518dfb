using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Linux.Tests.Support;

/// <summary>Lets gcc compare what C# says with what the C headers of this machine say.</summary>
internal static class CompilerCheck
{
    /// <summary>Writes the header beside nothing else and checks the syntax of a C file that includes it.</summary>
    public static ToolResult Compile(string file, string header)
    {
        string directory = Directory.CreateTempSubdirectory("ovf-abi-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(directory, "abi_layout.h"), header);
            return Tool.Try("gcc", ["-fsyntax-only", "-Wall", "-Werror", "-Wno-sign-compare", "-I", directory, file]);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>The macros that a header defines, by name.</summary>
    public static Dictionary<string, string> Macros(string header)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $"#include <{header}>\n");
            string[][] lines = [.. Tool.Run("gcc", "-dM", "-E", "-x", "c", file).Split('\n').Select(line => line.Split(' ', 3))
                .Where(words => words.Length == 3)];
            return lines.ToDictionary(words => words[1], words => words[2]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    public static IEnumerable<(string Name, string Line)> Fields(Type type) =>
        from field in type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
        let name = field.Name.TrimStart('<').Split('>')[0] // of a record's property
        where !name.StartsWith('_')
        select (name, Define(type, name, Marshal.OffsetOf(type, field.Name)));

    public static IEnumerable<(string Name, string Line)> Values(Type type) =>
        from name in Enum.GetNames(type)
        where name != "None"
        select (name, Define(type, name, Convert.ToUInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture)));

    /// <summary>The constants of a type, its private ones too.</summary>
    public static IEnumerable<(string Name, string Line)> Constants(Type type) =>
        from field in type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly)
        where field.IsLiteral && field.FieldType.IsPrimitive
        select (field.Name, Define(type, field.Name, Convert.ToUInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)));

    public static string Text(IEnumerable<Type> structs, IEnumerable<Type> enums, IEnumerable<Type> holders)
    {
        var text = new StringBuilder();
        foreach (Type type in structs)
            text.AppendLine(CultureInfo.InvariantCulture, $"#define {type.Name}_size {Marshal.SizeOf(type)}")
                .AppendJoin("", Fields(type).Select(field => field.Line));
        text.AppendJoin("", enums.SelectMany(Values).Concat(holders.SelectMany(Constants)).Select(value => value.Line));
        return text.ToString();
    }

    private static string Define(Type type, string name, object value) =>
        string.Create(CultureInfo.InvariantCulture, $"#define {type.Name}_{name} {value}{(value is ulong ? "ULL" : "")}\n");
}
