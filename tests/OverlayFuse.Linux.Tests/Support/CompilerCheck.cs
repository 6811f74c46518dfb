using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace OverlayFuse.Linux.Tests.Support;

/// <summary>Writes what C# says, for gcc to compare with what the C headers of a processor say.</summary>
internal static class CompilerCheck
{
    /// <summary>The macros that a header defines, by name.</summary>
    public static Dictionary<string, string> Macros(string header, Compiler compiler)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $"#include <{header}>\n");
            string[][] lines = [.. compiler.Run("-dM", "-E", "-x", "c", file).Output.Split('\n').Select(line => line.Split(' ', 3))
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

    public static IEnumerable<(string Name, string Line)> Values(Type type, Architecture target) =>
        from name in Enum.GetNames(type)
        where name != "None"
        let value = Enum.Parse(type, name)
        let number = value is OpenFlags flags ? Machine.OpenFlagsOf((int)flags, target) : value
        select (name, Define(type, name, Convert.ToUInt64(number, CultureInfo.InvariantCulture)));

    /// <summary>The numbers that <see cref="Machine"/> gives for a processor.</summary>
    public static IEnumerable<(string Name, string Line)> Numbers(Architecture target) =>
        from method in typeof(Machine).GetMethods(BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly)
        where method.ReturnType == typeof(long)
        select (method.Name, Define(typeof(Machine), method.Name, (ulong)(long)method.Invoke(null, [target])!));

    /// <summary>The constants of a type, its private ones too.</summary>
    public static IEnumerable<(string Name, string Line)> Constants(Type type) =>
        from field in type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly)
        where field.IsLiteral && field.FieldType.IsPrimitive
        select (field.Name, Define(type, field.Name, Convert.ToUInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)));

    public static string Text(IEnumerable<Type> structs, IEnumerable<Type> enums, IEnumerable<Type> holders, Architecture target)
    {
        var text = new StringBuilder();
        foreach (Type type in structs)
            text.AppendLine(CultureInfo.InvariantCulture, $"#define {type.Name}_size {Marshal.SizeOf(type)}")
                .AppendJoin("", Fields(type).Select(field => field.Line));
        text.AppendJoin("", enums.SelectMany(type => Values(type, target)).Concat(holders.SelectMany(Constants)).Concat(Numbers(target))
            .Select(value => value.Line));
        return text.ToString();
    }

    private static string Define(Type type, string name, object value) =>
        string.Create(CultureInfo.InvariantCulture, $"#define {type.Name}_{name} {value}{(value is ulong ? "ULL" : "")}\n");
}
